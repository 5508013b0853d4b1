//! The tags of a profile: who sent it, in Datadog's words.

use contract::options::Options;

use super::VERSION;
use crate::export::sink::Sender;

/// Longest tag, key and colon included, in bytes.
const TAG_LEN_MAX: usize = 200;

/// Said once in the user's own tags, these count where nothing else says them.
const OF_THE_SERVICE: [&str; 3] = ["service", "env", "version"];

/// Said by us only.
const OF_OURS: [&str; 7] = [
    "language",
    "runtime-id",
    "process_id",
    "profiler_version",
    "cpu_arch",
    "profile_seq",
    "runtime_platform",
];

/// Tags that are the same in every profile of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tags {
    /// As they are sent: `key:value`, joined by commas.
    pub(super) joined: String,
    /// What the user wants to say, but cannot so.
    pub(super) refused: Vec<String>,
}

/// The tags of this process; with its host when no Agent adds that.
pub(super) fn of_process(sender: &Sender, options: &Options, with_host: bool) -> Tags {
    let of_user = |key: &str| {
        let mut tags = sender.tags.iter();
        tags.find(|(known, value)| known == key && !value.is_empty())
            .map(|(_, value)| value.as_str())
    };
    // Options win over tags, tags over what we make up ourselves.
    let named = options.service.as_deref();
    let service = named
        .or_else(|| of_user("service"))
        .unwrap_or(&sender.service);
    let environment = sender.environment.as_deref().or_else(|| of_user("env"));
    let version = sender.version.as_deref().or_else(|| of_user("version"));
    let mut tags = Tags::default();
    tags.put("service", service);
    tags.put("env", environment.unwrap_or_default());
    tags.put("version", version.unwrap_or_default());
    tags.put("language", &options.datadog.family);
    tags.put("runtime-id", &sender.runtime_id);
    tags.put("process_id", &sender.pid.to_string());
    tags.put("profiler_version", VERSION);
    if with_host && of_user("host").is_none() {
        tags.put("host", &sender.host);
    }
    for (key, value) in &sender.tags {
        if OF_THE_SERVICE.contains(&key.as_str()) {
            continue;
        }
        if is_key(key) && !OF_OURS.contains(&key.as_str()) {
            tags.put(key, value);
        } else {
            tags.refused.push(key.clone());
        }
    }
    tags
}

fn is_key(key: &str) -> bool {
    key.starts_with(char::is_alphabetic) && !key.contains(|c: char| c == ',' || c.is_control())
}

impl Tags {
    /// Adds a tag, cut to what Datadog takes; one without a value is none.
    fn put(&mut self, key: &str, value: &str) {
        let value = value.trim().trim_end_matches(':');
        if value.is_empty() {
            return;
        }
        if !self.joined.is_empty() {
            self.joined.push(',');
        }
        let begin = self.joined.len();
        let safe = |c: char| if c == ',' || c.is_control() { '_' } else { c };
        let text = key.chars().chain([':']).chain(value.chars().map(safe));
        for c in text {
            if self.joined.len() + c.len_utf8() > begin + TAG_LEN_MAX {
                break;
            }
            self.joined.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender(tags: &[(&str, &str)]) -> Sender {
        let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        Sender {
            service: "app".to_owned(),
            tags: tags.iter().map(own).collect(),
            host: "box".to_owned(),
            executable: "app".to_owned(),
            pid: 42,
            runtime_id: "00000000-0000-4000-8000-000000000000".to_owned(),
            ..Sender::default()
        }
    }

    fn options(pairs: &[(&str, &str)]) -> Options {
        let get = |name: &str| {
            let mut pairs = pairs.iter();
            let found = pairs.find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        contract::options::resolve(get).0
    }

    fn joined(tags: &[(&str, &str)], pairs: &[(&str, &str)], with_host: bool) -> String {
        of_process(&sender(tags), &options(pairs), with_host).joined
    }

    const OF_PROCESS: &str = concat!(
        "runtime-id:00000000-0000-4000-8000-000000000000,process_id:42,profiler_version:",
        env!("CARGO_PKG_VERSION")
    );

    #[test]
    fn tags_stand_in_one_order_and_empty_ones_are_none() {
        let mut sender = sender(&[("team", "perf"), ("url", "http://x:1"), ("empty", "")]);
        sender.environment = Some("prod".to_owned());
        sender.version = Some("1.2".to_owned());
        let tags = of_process(&sender, &options(&[]), false);
        assert_eq!(
            tags.joined,
            format!(
                "service:app,env:prod,version:1.2,language:native,{OF_PROCESS},\
                 team:perf,url:http://x:1"
            )
        );
        assert_eq!(tags.refused, Vec::<String>::new());
        assert_eq!(
            joined(&[], &[], false),
            format!("service:app,language:native,{OF_PROCESS}")
        );
    }

    #[test]
    fn the_host_is_said_where_no_agent_does_and_the_user_has_the_last_word() {
        assert!(joined(&[], &[], true).ends_with(",host:box"));
        assert!(!joined(&[], &[], false).contains("host"));
        let tags = joined(&[("host", "mine")], &[], true);
        assert!(tags.ends_with(",host:mine"), "{tags}");
        assert_eq!(tags.matches("host:").count(), 1);
    }

    #[test]
    fn service_environment_and_version_may_stand_among_the_tags() {
        let said = [("env", "dev"), ("service", "shop"), ("version", "7")];
        assert_eq!(
            joined(&said, &[], false),
            format!("service:shop,env:dev,version:7,language:native,{OF_PROCESS}")
        );
        let named = joined(&said, &[("DD_SERVICE", "till")], false);
        // The sender of the test was not made of these options.
        assert!(named.starts_with("service:till,env:dev,"), "{named}");
    }

    #[test]
    fn nothing_a_user_says_can_look_like_another_tag() {
        let tags = of_process(
            &sender(&[
                ("a", "1,env:fake\n"),
                ("1st", "x"),
                ("runtime-id", "fake"),
                ("end", "x::"),
                ("long", &"ü".repeat(200)),
            ]),
            &options(&[("LOCKPROF_DATADOG_FAMILY", "python")]),
            false,
        );
        assert_eq!(tags.refused, ["1st", "runtime-id"]);
        let (_, of_user) = tags.joined.split_once(OF_PROCESS).unwrap_or_default();
        let long = "ü".repeat(97);
        assert_eq!(of_user, format!(",a:1_env:fake,end:x,long:{long}"));
        assert!(tags.joined.contains("language:python,"));
    }
}
