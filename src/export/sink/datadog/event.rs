//! `event.json`: what Datadog is told beside a profile.

use std::fmt::Write as _;

use contract::options::Options;

use super::VERSION;

/// The name of the part with the profile, and of its file.
pub(super) const PROFILE: &str = "profile.pprof";

/// What we are compiled for, as Datadog's profilers say it.
const PLATFORM: &str = if cfg!(target_arch = "aarch64") {
    "aarch64-unknown-linux-gnu"
} else {
    "x86_64-unknown-linux-gnu"
};
const ARCHITECTURE: &str = if cfg!(target_arch = "aarch64") {
    "arm64"
} else {
    "amd64"
};

const SECOND_NS: u64 = 1_000_000_000;
const DAY_S: u64 = 86_400;

/// What is the same in every event of a process.
pub(super) struct Event {
    tags: String,
    family: String,
    /// What is known of us, as JSON.
    info: String,
}

impl Event {
    pub(super) fn new(tags: String, options: &Options) -> Self {
        let interval = seconds(options.interval_ns);
        Self {
            tags,
            family: options.datadog.family.clone(),
            info: format!(
                concat!(
                    "{{\"profiler\":{{\"version\":{},\"settings\":{{",
                    "\"upload_interval\":{},\"lock.enabled\":true,",
                    "\"lock.sample\":{},\"lock.wait_sample_ns\":{},\"max_frames\":{}}}}}}}"
                ),
                quoted(VERSION),
                interval,
                options.sample,
                options.wait_sample_ns,
                options.max_frames,
            ),
        }
    }

    /// The event of profile number `sequence`, of a span in nanoseconds since 1970.
    pub(super) fn json(&self, sequence: u64, start_ns: u64, end_ns: u64) -> String {
        let tags = format!(
            "{},cpu_arch:{ARCHITECTURE},profile_seq:{sequence},runtime_platform:{PLATFORM}",
            self.tags
        );
        format!(
            concat!(
                "{{\"attachments\":[{}],\"tags_profiler\":{},\"start\":\"{}\",\"end\":\"{}\",",
                "\"family\":{},\"version\":\"4\",\"endpoint_counts\":null,",
                "\"process_tags\":null,\"internal\":{{}},\"info\":{}}}"
            ),
            quoted(PROFILE),
            quoted(&tags),
            rfc3339(start_ns),
            rfc3339(end_ns),
            quoted(&self.family),
            self.info,
        )
    }
}

/// Seconds with their fraction, as JSON has numbers.
fn seconds(ns: u64) -> String {
    let (whole, fraction) = (ns / SECOND_NS, ns % SECOND_NS);
    let text = format!("{whole}.{fraction:09}");
    let short = text.trim_end_matches('0');
    if short.ends_with('.') {
        format!("{short}0")
    } else {
        short.to_owned()
    }
}

/// A text as JSON has it.
fn quoted(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                json.push('\\');
                json.push(c);
            }
            c if c < ' ' => {
                // Writing to a text cannot fail.
                let _ = write!(json, "\\u{:04x}", u32::from(c));
            }
            c => json.push(c),
        }
    }
    json.push('"');
    json
}

/// A time since 1970 in UTC, down to the nanosecond.
fn rfc3339(ns: u64) -> String {
    let (seconds, fraction) = (ns / SECOND_NS, ns % SECOND_NS);
    let (year, month, day) = date(seconds / DAY_S);
    let second = seconds % DAY_S;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:09}Z")
}

/// Year, month and day of a day since 1970. Years begin in March here, so that the
/// odd day of a leap year is its last.
fn date(day: u64) -> (u64, u64, u64) {
    const DAYS_OF_400_YEARS: u64 = 146_097;
    const FROM_MARCH_OF_YEAR_0: u64 = 719_468;
    let day = day + FROM_MARCH_OF_YEAR_0;
    let (era, day) = (day / DAYS_OF_400_YEARS, day % DAYS_OF_400_YEARS);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // Five months from March on have 153 days, and again.
    let month = (5 * day + 2) / 153;
    let day_of_month = day - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (400 * era + year + later, month, day_of_month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_the_calendar_has_them() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00"),
            (951_782_399, "2000-02-28T23:59:59"),
            (951_782_400, "2000-02-29T00:00:00"),
            (951_868_800, "2000-03-01T00:00:00"),
            (1_735_689_599, "2024-12-31T23:59:59"),
            (1_795_392_445, "2026-11-23T00:07:25"),
            (4_107_542_400, "2100-03-01T00:00:00"),
            (4_107_542_399, "2100-02-28T23:59:59"),
        ] {
            assert_eq!(rfc3339(seconds * SECOND_NS), format!("{text}.000000000Z"));
        }
        assert_eq!(
            rfc3339(1_795_392_445_047_541_225),
            "2026-11-23T00:07:25.047541225Z"
        );
    }

    #[test]
    fn every_day_of_400_years_follows_the_one_before() {
        let (mut year, mut month, mut of_month) = (1970, 1, 1);
        for day in 0..146_097 {
            assert_eq!(date(day), (year, month, of_month));
            let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let days = match month {
                2 if is_leap => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            of_month += 1;
            if of_month > days {
                (of_month, month) = (1, month + 1);
            }
            if month > 12 {
                (month, year) = (1, year + 1);
            }
        }
    }

    #[test]
    fn the_event_has_the_keys_of_version_four_in_their_order() {
        let (mut options, _) = contract::options::resolve(|_| None);
        options.datadog.family = "na\"tive".to_owned();
        let event = Event::new("service:a\\b".to_owned(), &options);
        let json = event.json(3, 0, 1_500_000_000);
        let expected = concat!(
            r#"{"attachments":["profile.pprof"],"tags_profiler":"service:a\\b,cpu_arch:ARCH,"#,
            r#"profile_seq:3,runtime_platform:PLATFORM","start":"1970-01-01T00:00:00.000000000Z","#,
            r#""end":"1970-01-01T00:00:01.500000000Z","family":"na\"tive","version":"4","#,
            r#""endpoint_counts":null,"process_tags":null,"internal":{},"info":{"profiler":"#,
            r#"{"version":"VERSION","settings":{"upload_interval":60.0,"lock.enabled":true,"#,
            r#""lock.sample":100,"lock.wait_sample_ns":100000,"max_frames":64}}}}"#,
        );
        let expected = expected
            .replace("ARCH", ARCHITECTURE)
            .replace("PLATFORM", PLATFORM)
            .replace("VERSION", VERSION);
        assert_eq!(json, expected);
    }

    #[test]
    fn numbers_and_texts_are_json() {
        assert_eq!(seconds(1_500_000_000), "1.5");
        assert_eq!(seconds(60 * SECOND_NS), "60.0");
        assert_eq!(seconds(1), "0.000000001");
        assert_eq!(quoted("a\"b\\c\nü\u{1}"), "\"a\\\"b\\\\c\\u000aü\\u0001\"");
    }
}
