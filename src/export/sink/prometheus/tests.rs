//! What Prometheus is told, flush after flush.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use contract::profile::{Label, LabelValue};
use contract::sample_type::COUNT;

use super::*;

fn sink() -> PrometheusSink {
    PrometheusSink {
        path: PathBuf::from("never written"),
        labels: ",service=\"shop\"".to_owned(),
        prominent: Prominent::new(4),
        before: BTreeMap::new(),
        written: BTreeMap::new(),
        has_others: false,
        locks: FxHashMap::default(),
    }
}

/// So many takings that all waited, this long each.
fn row(lock: &str, count: i64, wait_ns: i64) -> Sample {
    let mut values = [0; COUNT];
    values[0] = count;
    values[1] = count * wait_ns;
    values[4] = count;
    let label = |key: &str, value| Label {
        key: key.to_owned(),
        value,
    };
    let bucket_ns = 1 << wait_ns.ilog2();
    Sample {
        stack: Vec::new(),
        values,
        labels: vec![
            label(label::LOCK_NAME, LabelValue::Text(lock.to_owned())),
            label(label::LOCK_KIND, LabelValue::Text("mutex".to_owned())),
            label(
                label::DURATION_BUCKET,
                LabelValue::Number(bucket_ns, String::new()),
            ),
            label(label::QUEUE_MAX, LabelValue::Number(count, String::new())),
        ],
    }
}

/// The page after a flush with these rows.
fn flush(sink: &mut PrometheusSink, rows: &[Sample]) -> String {
    for row in rows {
        sink.add(row, &Profile::default());
    }
    for (series, counters) in sink.by_series() {
        sink.written.entry(series).or_default().raise(&counters);
    }
    text::page(&sink.written, &sink.labels)
}

/// What a page says of a lock; none when it is not there.
fn value<'a>(page: &'a str, name: &str, lock: &str) -> Option<&'a str> {
    let start = format!("{name}{{lock=\"{lock}\",kind=\"mutex\",service=\"shop\"}} ");
    page.lines().find_map(|line| line.strip_prefix(&start))
}

const ACQUISITIONS: &str = "lockprof_acquisitions_total";

#[test]
fn numbers_never_go_back() {
    let mut sink = sink();
    for (count, expected) in [(5, "5"), (3, "5"), (9, "9")] {
        let page = flush(&mut sink, &[row("a", count, 1000)]);
        assert_eq!(value(&page, ACQUISITIONS, "a"), Some(expected));
        assert_eq!(value(&page, "lockprof_queue_max", "a"), Some(expected));
    }
    // A lock without rows is still told.
    let page = flush(&mut sink, &[row("b", 1, 1000)]);
    assert_eq!(value(&page, ACQUISITIONS, "a"), Some("9"));
}

#[test]
fn waits_are_in_the_bucket_that_surely_holds_them() {
    for (wait_ns, below, bound) in [
        (1, None, "0.000001024"),
        (1023, None, "0.000001024"),
        (1024, Some("0.000001024"), "0.000004096"),
        (20_000_000, Some("0.016777216"), "0.067108864"),
        (60_000_000_000, Some("17.179869184"), "+Inf"),
    ] {
        let page = flush(&mut sink(), &[row("a", 3, wait_ns)]);
        let count = |bound: &str| {
            let label = format!("le=\"{bound}\"}} ");
            let line = page.lines().find(|line| line.contains(&label)).unwrap();
            line.rsplit(' ').next().unwrap().to_owned()
        };
        assert_eq!(count(bound), "3", "{wait_ns}");
        assert_eq!(count("+Inf"), "3");
        if let Some(below) = below {
            assert_eq!(count(below), "0", "{wait_ns}");
        }
    }
}

#[test]
fn a_lock_that_gets_its_series_later_is_counted_once() {
    let mut sink = sink();
    let many: Vec<Sample> = (0..9)
        .map(|lock| row(&format!("l{lock}"), 10 + lock, 1000))
        .collect();
    let page = flush(&mut sink, &many);
    assert_eq!(value(&page, ACQUISITIONS, "l8"), Some("18"));
    assert_eq!(value(&page, ACQUISITIONS, "l7"), Some("17"));
    assert_eq!(value(&page, ACQUISITIONS, "l6"), None);
    let others = |page: &str| value(page, ACQUISITIONS, OTHERS).unwrap().to_owned();
    assert_eq!(others(&page), (10..17).sum::<i64>().to_string());
    // Another place is given: the lock begins at nothing, the others keep theirs.
    let page = flush(&mut sink, &many);
    assert_eq!(value(&page, ACQUISITIONS, "l6"), Some("0"));
    assert_eq!(others(&page), (10..17).sum::<i64>().to_string());
    let mut more = many;
    more[6] = row("l6", 21, 1000);
    let page = flush(&mut sink, &more);
    assert_eq!(value(&page, ACQUISITIONS, "l6"), Some("5"));
    assert_eq!(others(&page), (10..17).sum::<i64>().to_string());
}

#[test]
fn more_locks_than_anyone_looks_at_are_counted_too() {
    let mut sink = sink();
    let many: Vec<Sample> = (0..3000)
        .map(|lock| row(&lock.to_string(), 1, 1000))
        .collect();
    let page = flush(&mut sink, &many);
    let name = format!("{ACQUISITIONS}{{");
    let all = page.lines().filter(|line| line.starts_with(&name));
    let all = all.map(|line| line.rsplit(' ').next().unwrap().parse::<i64>().unwrap());
    assert_eq!(all.sum::<i64>(), 3000);
    assert!(sink.written.len() <= 5);
}

#[test]
fn odd_names_are_quoted() {
    assert_eq!(text::escaped("a\\b\"c\nd"), "a\\\\b\\\"c\\nd");
}

#[test]
fn a_directory_gets_a_file_that_the_collector_reads() {
    for (place, is_dir, expected) in [
        ("/metrics/", false, "/metrics/lockprof.%e.%p.prom"),
        ("/100%", true, "/100%%/lockprof.%e.%p.prom"),
        ("/metrics/%e.prom", false, "/metrics/%e.prom"),
    ] {
        assert_eq!(pattern(place, is_dir), expected);
    }
}
