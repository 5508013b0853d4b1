//! Parca: `ProfileStoreService/WriteRaw` through its gateway of JSON over plain HTTP.
//!
//! Parca's own agents speak gRPC, which needs HTTP/2; the gateway in front of the
//! same service takes the same message as JSON, bytes in base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::options;
use contract::profile::{Profile, Sample};

use super::open::{Finished, Profiles, REQUEST_BYTES, StandIns, address, bearer, series_labels};
use super::{Deliveries, Endpoint, Format, Request, Sender, Sink, Upload};

/// The sink.
pub(crate) fn sink(
    options: &options::Parca,
    sender: &Sender,
    deliveries: &'static Deliveries,
) -> Box<dyn Sink> {
    let format = Box::new(Parca::new(sender));
    Box::new(Upload::new(format, endpoint(options), deliveries))
}

fn endpoint(options: &options::Parca) -> Endpoint {
    let mut headers = vec![("Content-Type", "application/json".to_owned())];
    if let Some(token) = &options.token {
        headers.push(("Authorization", bearer(token)));
    }
    Endpoint {
        receiver: "Parca",
        url: address(&options.url, "/api/profiles/writeraw"),
        headers,
        advice,
    }
}

fn advice(status: u16) -> Option<&'static str> {
    Some(match status {
        400 => "a profile was refused as invalid",
        401 | 403 => "not let in: check LOCKPROF_PARCA_TOKEN",
        404 | 405 | 415 | 501 => "there is no Parca at LOCKPROF_PARCA_URL that takes profiles",
        413 => "a profile is larger than what stands before Parca lets through",
        429 => "the limit of what may be sent is reached",
        _ => return None,
    })
}

/// Makes its requests.
struct Parca {
    /// The labels of every series but `__name__`, as JSON.
    labels: String,
    profiles: Profiles,
}

impl Parca {
    fn new(sender: &Sender) -> Self {
        let labels = series_labels(sender)
            .iter()
            .map(|(name, value)| format!(",{}", label(name, value)))
            .collect();
        Self {
            labels,
            profiles: Profiles::new(sender.pid, StandIns::WhereNoneIsFound),
        }
    }

    fn series(&self, profile: &Finished) -> String {
        format!(
            r#"{{"labels":{{"labels":[{}{}]}},"samples":[{{"rawProfile":"{}"}}]}}"#,
            label("__name__", profile.name),
            self.labels,
            STANDARD.encode(&profile.gzip),
        )
    }
}

impl Format for Parca {
    fn add(&mut self, sample: &Sample, tables: &Profile) {
        self.profiles.add(sample, tables);
    }

    fn finish(&mut self, tables: &Profile) -> Vec<Request> {
        let mut bodies: Vec<String> = Vec::new();
        for profile in self.profiles.finish(tables) {
            let series = self.series(&profile);
            match bodies.last_mut() {
                Some(body) if body.len() + series.len() <= REQUEST_BYTES => {
                    body.extend([",", &series]);
                }
                _ => bodies.push(format!(r#"{{"series":[{series}"#)),
            }
        }
        let request = |body: String| Request {
            headers: Vec::new(),
            body: (body + r#"],"normalized":false}"#).into_bytes(),
        };
        bodies.into_iter().map(request).collect()
    }
}

fn label(name: &str, value: &str) -> String {
    format!(r#"{{"name":{},"value":{}}}"#, quoted(name), quoted(value))
}

/// A text as JSON.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::sink::open::tests::{sample, tables};

    #[test]
    fn a_text_is_quoted_as_json_wants_it() {
        assert_eq!(
            quoted("a \"b\" \\ c\n\u{7f}ü☃"),
            r#""a \"b\" \\ c\u000a\u007fü☃""#
        );
    }

    #[test]
    fn the_address_and_the_token_are_those_given() {
        let endpoint = endpoint(&options::Parca {
            url: "http://box:7070/".to_owned(),
            token: Some("t0k".to_owned()),
        });
        assert_eq!(endpoint.url, "http://box:7070/api/profiles/writeraw");
        assert_eq!(
            endpoint.headers,
            [
                ("Content-Type", "application/json".to_owned()),
                ("Authorization", "Bearer t0k".to_owned()),
            ]
        );
    }

    #[test]
    fn both_kinds_of_profile_go_with_one_request_the_name_first() {
        let sender = Sender {
            service: "sh\"op".to_owned(),
            host: "box".to_owned(),
            ..Sender::default()
        };
        let mut format = Parca::new(&sender);
        let tables = tables();
        format.add(&sample("cache_mu", &[0], [5, 50, 0, 0, 2, 0]), &tables);
        format.add(&sample("cache_mu", &[1], [0, 0, 5, 70, 0, 50]), &tables);
        let requests = format.finish(&tables);
        assert_eq!(requests.len(), 1);
        let body = std::str::from_utf8(&requests[0].body).unwrap();
        for (before, name) in [(r#"{"series":["#, "mutex"), (",", "mutex_holder")] {
            let series = format!(
                r#"{before}{{"labels":{{"labels":[{{"name":"__name__","value":"{name}"}},{{"name":"host","value":"box"}},{{"name":"service_name","value":"sh\"op"}}]}},"samples":[{{"rawProfile":"H4sI"#
            );
            assert_eq!(body.matches(&series).count(), 1, "{series} in {body}");
        }
        assert!(body.ends_with(r#""}]}],"normalized":false}"#), "{body}");
        assert_eq!(format.finish(&tables), []);
    }
}
