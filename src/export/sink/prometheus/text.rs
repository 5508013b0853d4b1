//! Numbers as Prometheus's text format, which has no time stamps and base units only.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Series;
use super::counters::{BOUNDS, Counters, Total};

/// A family of series that has one number for each lock.
struct Family {
    name: &'static str,
    is_counter: bool,
    help: &'static str,
    value: fn(&Counters) -> String,
}

const FAMILIES: [Family; 5] = [
    Family {
        name: "lockprof_contentions_total",
        is_counter: true,
        help: "Attempts that found the lock taken.",
        value: |counters| counters.total(Total::Contentions).to_string(),
    },
    Family {
        name: "lockprof_acquisitions_total",
        is_counter: true,
        help: "Successful takings of the lock.",
        value: |counters| counters.total(Total::Acquisitions).to_string(),
    },
    Family {
        name: "lockprof_hold_seconds_total",
        is_counter: true,
        help: "Time for which the lock was held.",
        value: |counters| seconds(counters.total(Total::HoldNs)),
    },
    Family {
        name: "lockprof_blocked_seconds_total",
        is_counter: true,
        help: "Waiting of others that releases of the lock ended.",
        value: |counters| seconds(counters.total(Total::BlockedNs)),
    },
    Family {
        name: "lockprof_queue_max",
        is_counter: false,
        help: "Most threads that waited for the lock at once since the process began.",
        value: |counters| counters.queue_max.to_string(),
    },
];

const WAIT: &str = "lockprof_wait_seconds";

/// Everything as one text; `common` stands behind the labels of each series.
pub(super) fn page(all: &BTreeMap<Series, Counters>, common: &str) -> String {
    let mut page =
        format!("# HELP {WAIT} Time threads waited for the lock.\n# TYPE {WAIT} histogram\n");
    for (series, counters) in all {
        histogram(&mut page, &labels(series, common), counters);
    }
    for family in FAMILIES {
        let Family { name, help, .. } = family;
        let sort = if family.is_counter {
            "counter"
        } else {
            "gauge"
        };
        // Writing to a string cannot fail.
        let _ = write!(page, "# HELP {name} {help}\n# TYPE {name} {sort}\n");
        for (series, counters) in all {
            let (labels, value) = (labels(series, common), (family.value)(counters));
            let _ = writeln!(page, "{name}{{{labels}}} {value}");
        }
    }
    page
}

fn histogram(page: &mut String, labels: &str, counters: &Counters) {
    let bounds = BOUNDS.iter().map(|exponent| seconds(1 << exponent));
    let mut count: i64 = 0;
    for (waits, bound) in counters.waits.iter().zip(bounds.chain(["+Inf".to_owned()])) {
        count = count.saturating_add(*waits);
        let _ = writeln!(page, "{WAIT}_bucket{{{labels},le=\"{bound}\"}} {count}");
    }
    let _ = writeln!(
        page,
        "{WAIT}_sum{{{labels}}} {}",
        seconds(counters.wait_ns())
    );
    let _ = writeln!(page, "{WAIT}_count{{{labels}}} {count}");
}

fn labels(series: &Series, common: &str) -> String {
    let (lock, kind) = (escaped(&series.lock), escaped(&series.kind));
    format!("lock=\"{lock}\",kind=\"{kind}\"{common}")
}

/// A label's value as it stands between quotes.
pub(super) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

/// Exactly, without zeros at the end.
fn seconds(ns: i64) -> String {
    const SECOND_NS: i64 = 1_000_000_000;
    let all = format!("{}.{:09}", ns / SECOND_NS, ns % SECOND_NS);
    all.trim_end_matches('0').trim_end_matches('.').to_owned()
}
