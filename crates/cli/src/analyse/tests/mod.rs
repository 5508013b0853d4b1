//! Hand-made profiles and the exact rows they give.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod edges;
mod hints;
mod intervals;
mod remarks;
mod sites;

use contract::profile::{Function, Label, LabelValue, Line, Location};

use super::frames::Site;
use super::key::Lock;
use super::*;

fn text(key: &str, value: &str) -> Label {
    Label {
        key: key.to_owned(),
        value: LabelValue::Text(value.to_owned()),
    }
}

fn number(key: &str, value: i64) -> Label {
    Label {
        key: key.to_owned(),
        value: LabelValue::Number(value, "nanoseconds".to_owned()),
    }
}

/// A profile of ten seconds; the names are functions and, by index, locations.
fn profile(functions: &[&str], samples: Vec<Sample>) -> Profile {
    Profile {
        duration_ns: 10_000,
        functions: functions
            .iter()
            .map(|name| Function {
                name: (*name).to_owned(),
                ..Function::default()
            })
            .collect(),
        locations: (0..functions.len())
            .map(|function| Location {
                lines: vec![Line { function, line: 0 }],
                ..Location::default()
            })
            .collect(),
        samples,
        ..Profile::default()
    }
}

/// An acquisition at these frames: acquired, waiting time, waits.
fn acquired(stack: &[usize], lock: &str, [count, wait, waits]: [i64; 3]) -> Sample {
    Sample {
        stack: stack.to_vec(),
        values: [count, wait, 0, 0, waits, 0, 1, 0, 0],
        labels: vec![text(label::LOCK_NAME, lock), text(label::LOCK, "0x10")],
    }
}

/// A release at these frames: released, hold time, blocked.
fn released(stack: &[usize], lock: &str, [count, hold, blocked]: [i64; 3]) -> Sample {
    Sample {
        stack: stack.to_vec(),
        values: [0, 0, count, hold, 0, blocked, 1, 0, 0],
        labels: vec![text(label::LOCK_NAME, lock), text(label::LOCK, "0x10")],
    }
}

fn with(mut sample: Sample, labels: &[Label]) -> Sample {
    sample.labels.extend_from_slice(labels);
    sample
}

/// The rows by what they are about.
fn rows(profiles: &[Profile], by: By) -> Vec<Row> {
    let mut rows = analyse(profiles, by).rows;
    rows.sort_by(|a, b| a.key.cmp(&b.key));
    rows
}

fn site(name: &str) -> Option<Rc<Site>> {
    Some(Rc::new(Site {
        function: name.to_owned(),
        ..Site::default()
    }))
}

#[test]
fn a_lock_has_the_sums_of_its_rows() {
    let profile = profile(
        &["main", "reader", "writer"],
        vec![
            acquired(&[1, 0], "mu", [100, 3_000, 3]),
            acquired(&[2, 0], "mu", [20, 900, 1]),
            released(&[1, 0], "mu", [100, 500, 0]),
            released(&[2, 0], "mu", [20, 4_500, 3_900]),
        ],
    );
    let rows = rows(&[profile], By::Lock);
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    assert_eq!(
        row.key,
        Key::Lock(Lock {
            name: "mu".to_owned(),
            kind: String::new(),
            address: "0x10".to_owned()
        })
    );
    let totals = &row.totals;
    assert_eq!((totals.acquisitions, totals.waits), (120, 4));
    assert_eq!(totals.wait_ns(), 3_900);
    assert_eq!(totals.wait_mean_ns(), Some(975));
    assert_eq!(totals.wait_max_ns(), Some(1_000));
    assert_eq!(totals.contended_millipercent(), Some(3_333));
    assert_eq!((totals.holds, totals.hold_ns), (120, 5_000));
    assert_eq!(totals.hold_mean_ns(), Some(41));
    assert_eq!(totals.hold_max_ns(), Some(225));
    assert_eq!(
        totals.utilisation_millipercent(row.whole.wall_ns),
        Some(50_000)
    );
    assert_eq!(totals.blocked_ns, 3_900);
    assert_eq!(row.wait_site, site("reader"));
    assert_eq!(row.hold_site, site("writer"));
}

#[test]
fn failed_attempts_only_add_waiting_time() {
    let failed = with(
        acquired(&[0], "mu", [0, 7_000, 2]),
        &[
            text(label::RESULT, "timeout"),
            number(label::DURATION_MAX, 6_000),
        ],
    );
    let profile = profile(&["main"], vec![acquired(&[0], "mu", [10, 300, 3]), failed]);
    let totals = &rows(&[profile], By::Lock)[0].totals;
    assert_eq!(
        (totals.acquisitions, totals.waits, totals.failed),
        (10, 3, 2)
    );
    assert_eq!(totals.wait_ns(), 7_300);
    assert_eq!(totals.failed_wait_ns, 7_000);
    assert_eq!(totals.wait_mean_ns(), Some(100));
    assert_eq!(totals.wait_max_ns(), Some(100));
    assert_eq!(totals.wait_percentile_ns(99), Some(100));
}

#[test]
fn nested_acquisitions_count_and_their_releases_are_no_holds() {
    let nested = [number(label::DEPTH, 2)];
    let profile = profile(
        &["main"],
        vec![
            acquired(&[0], "mu", [5, 0, 0]),
            with(acquired(&[0], "mu", [7, 0, 0]), &nested),
            released(&[0], "mu", [5, 50, 0]),
            with(released(&[0], "mu", [7, 0, 0]), &nested),
        ],
    );
    let totals = &rows(&[profile], By::Lock)[0].totals;
    assert_eq!((totals.acquisitions, totals.holds), (12, 5));
    assert_eq!(totals.hold_mean_ns(), Some(10));
    assert_eq!(totals.wait_mean_ns(), None);
    assert_eq!(totals.wait_percentile_ns(99), None);
    assert_eq!(totals.wait_max_ns(), None);
}

#[test]
fn percentiles_come_from_buckets_weighted_by_waits() {
    let bucket = |count, floor, mean, max| {
        with(
            acquired(&[0], "mu", [count, count * mean, count]),
            &[
                number(label::DURATION_BUCKET, floor),
                number(label::DURATION_MAX, max),
            ],
        )
    };
    let p99 = |samples| {
        rows(&[profile(&["main"], samples)], By::Lock)[0]
            .totals
            .wait_percentile_ns(99)
    };
    let short = || bucket(98, 1_024, 1_500, 2_000);
    assert_eq!(
        p99(vec![
            bucket(99, 1_024, 1_500, 2_047),
            bucket(1, 65_536, 80_000, 80_000)
        ]),
        Some(2_047)
    );
    // The first of two: in the middle between the power of two and the longest.
    assert_eq!(
        p99(vec![short(), bucket(2, 65_536, 80_000, 80_000)]),
        Some(72_768)
    );
    assert_eq!(
        p99(vec![short(), bucket(2, 65_536, 80_000, 130_000)]),
        Some(97_768)
    );
    assert_eq!(
        p99(vec![short(), bucket(2, 65_536, 80_000, 999_999)]),
        Some(98_304)
    );
    assert_eq!(p99(vec![acquired(&[0], "mu", [1, 700, 1])]), Some(700));
}

#[test]
fn the_longest_is_the_label_or_the_time_of_each() {
    let labelled = with(
        released(&[0], "mu", [10, 100, 0]),
        &[
            number(label::DURATION_MAX, 64),
            number(label::DURATION_BUCKET, 8),
        ],
    );
    let equal = released(&[0], "mu", [2, 60, 0]);
    let max = |samples| {
        rows(&[profile(&["main"], samples)], By::Lock)[0]
            .totals
            .hold_max_ns()
    };
    assert_eq!(max(vec![labelled.clone(), equal.clone()]), Some(64));
    assert_eq!(max(vec![equal]), Some(30));
}

#[test]
fn a_row_merged_from_both_roles_does_not_trust_its_label() {
    let mut merged = acquired(&[0], "mu", [10, 1_000, 10]);
    merged.values = [10, 1_000, 10, 50, 10, 0, 2, 0, 0];
    merged.labels.push(number(label::DURATION_MAX, 900));
    let totals = &rows(&[profile(&["main"], vec![merged])], By::Lock)[0].totals;
    assert_eq!(totals.wait_max_ns(), Some(100));
    assert_eq!(totals.hold_max_ns(), Some(5));
}

#[test]
fn more_waits_than_acquisitions_are_all_contended() {
    let samples = vec![acquired(&[0], "mu", [3, 500, 5])];
    let totals = &rows(&[profile(&["main"], samples)], By::Lock)[0].totals;
    assert_eq!(totals.contended_millipercent(), Some(100_000));
}

#[test]
fn locks_differ_by_name_kind_or_address_and_add_up_over_files() {
    let mut elsewhere = acquired(&[0], "mu", [1, 0, 0]);
    elsewhere.labels[1] = text(label::LOCK, "0x20");
    let recursive = with(
        acquired(&[0], "mu", [2, 0, 0]),
        &[text(label::LOCK_KIND, "recursive")],
    );
    let other = acquired(&[0], "alone", [8, 0, 0]);
    let one = profile(&["f"], vec![acquired(&[0], "mu", [4, 0, 0]), elsewhere]);
    let two = profile(
        &["f"],
        vec![acquired(&[0], "mu", [4, 0, 0]), recursive, other],
    );
    let analysis = analyse([&one, &two], By::Lock);
    assert_eq!(analysis.whole.wall_ns, 20_000);
    assert_eq!(analysis.total.acquisitions, 19);
    let mut rows = analysis.rows;
    rows.sort_by(|a, b| a.key.cmp(&b.key));
    let counts: Vec<_> = rows
        .iter()
        .map(|row| (row.totals.acquisitions, row.is_namesake))
        .collect();
    assert_eq!(counts, [(8, false), (8, true), (1, true), (2, true)]);
}

#[test]
fn a_lock_without_a_name_is_called_by_its_address() {
    let mut unnamed = acquired(&[0], "", [1, 0, 0]);
    unnamed.labels.remove(0);
    let rows = rows(&[profile(&["f"], vec![unnamed])], By::Lock);
    assert!(matches!(&rows[0].key, Key::Lock(lock) if lock.name == "0x10"));
}

#[test]
fn threads_differ_by_name_and_native_id() {
    let thread = |name, id| {
        with(
            acquired(&[0], "mu", [1, 0, 0]),
            &[
                text(label::THREAD_NAME, name),
                number(label::THREAD_NATIVE_ID, id),
            ],
        )
    };
    let samples = vec![
        thread("w", 1),
        thread("w", 2),
        thread("w", 1),
        acquired(&[0], "mu", [1, 0, 0]),
    ];
    let keys: Vec<_> = rows(&[profile(&["f"], samples)], By::Thread)
        .into_iter()
        .map(|row| (row.key, row.totals.acquisitions))
        .collect();
    let key = |name: &str, native_id| Key::Thread {
        name: name.to_owned(),
        native_id,
    };
    assert_eq!(
        keys,
        [
            (key("", None), 1),
            (key("w", Some(1)), 2),
            (key("w", Some(2)), 1)
        ]
    );
}

#[test]
fn sums_stop_at_the_largest_number() {
    let huge = || acquired(&[0], "mu", [i64::MAX, i64::MAX, i64::MAX]);
    let samples = vec![huge(), huge(), huge()];
    let totals = &rows(&[profile(&["f"], samples)], By::Lock)[0].totals;
    assert_eq!(totals.acquisitions, u64::MAX);
    assert_eq!(totals.wait_percentile_ns(99), Some(1));
    assert_eq!(totals.contended_millipercent(), Some(100_000));
}

#[test]
fn rows_are_sorted_by_any_column_and_cut() {
    let profile = profile(
        &["f"],
        vec![
            acquired(&[0], "a", [1, 50, 1]),
            acquired(&[0], "b", [3, 10, 1]),
            acquired(&[0], "c", [2, 50, 1]),
        ],
    );
    let analysis = analyse([&profile], By::Lock);
    let order = |key: &str, most| -> String {
        let columns = crate::columns::of(By::Lock);
        let column = columns.iter().find(|column| column.key == key).unwrap();
        let rows = analysis.sorted(column, most);
        rows.iter()
            .map(|row| match &row.key {
                Key::Lock(lock) => lock.name.as_str(),
                _ => "?",
            })
            .collect()
    };
    assert_eq!(order("wait", None), "cab");
    assert_eq!(order("acquisitions", None), "bca");
    assert_eq!(order("lock", None), "abc");
    assert_eq!(order("hold-mean", None), "cab");
    assert_eq!(order("wait", Some(1)), "c");
}
