//! Which rows are made of ours, and what they say.

use super::*;

fn text(key: &str, value: &str) -> Label {
    Label {
        key: key.to_owned(),
        value: LabelValue::Text(value.to_owned()),
    }
}

fn of_number(key: &str, value: i64, unit: &str) -> Label {
    Label {
        key: key.to_owned(),
        value: LabelValue::Number(value, unit.to_owned()),
    }
}

/// A wait of one thread for one lock.
fn wait(lock: &str, wait_ns: i64, bucket_ns: i64) -> Sample {
    Sample {
        stack: vec![3, 1],
        values: [1, wait_ns, 0, 0, 1, 0, 1, 0, 0],
        labels: vec![
            text(label::LOCK_NAME, "cache_mu"),
            text(label::LOCK_KIND, "mutex"),
            text(label::LOCK, lock),
            text(label::THREAD_NAME, "Worker"),
            of_number(label::THREAD_ID, 139_662_169_454_272, ""),
            of_number(label::THREAD_NATIVE_ID, 17, ""),
            of_number(label::DURATION_BUCKET, bucket_ns, "nanoseconds"),
            of_number(label::DURATION_MAX, bucket_ns + 1, "nanoseconds"),
            of_number(label::QUEUE_MAX, 2, ""),
            of_number(label::BLOCKING_THREAD_ID, 18, ""),
            text(label::BLOCKING_THREAD_NAME, "Holder"),
            text(label::BLOCKING_SITE, "flush"),
        ],
    }
}

fn taken(samples: &[Sample]) -> Vec<Sample> {
    let mut rows = Rows::new();
    for sample in samples {
        rows.add(sample);
    }
    let taken: Vec<Sample> = rows.take().collect();
    assert!(rows.is_empty());
    taken
}

#[test]
fn rows_that_differ_only_in_what_datadog_does_not_know_are_one() {
    let rows = taken(&[wait("0x10", 5000, 4096), wait("0x20", 9000, 8192)]);
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(rows[0].values, [2, 14_000, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(rows[0].stack, [3, 1]);
    let expected = [
        text("lock name", "cache_mu"),
        of_number("thread id", 139_662_169_454_272, ""),
        of_number("thread native id", 17, ""),
        text("thread name", "Worker"),
        of_number("blocking thread id", 18, ""),
        text("blocking thread name", "Holder"),
        text("Duration bucket", "0 - 9 ms"),
        text("lock kind", "mutex"),
    ];
    assert_eq!(rows[0].labels, expected);
}

#[test]
fn rows_that_differ_in_what_it_knows_stay_apart() {
    let first = wait("0x10", 5000, 4096);
    let changes: [fn(&mut Sample); 7] = [
        |row| row.stack = vec![3],
        |row| row.labels[0] = text(label::LOCK_NAME, "other"),
        |row| row.labels[3] = text(label::THREAD_NAME, "Other"),
        |row| row.labels[5] = of_number(label::THREAD_NATIVE_ID, 99, ""),
        |row| row.labels[9] = of_number(label::BLOCKING_THREAD_ID, 99, ""),
        |row| row.labels.push(text(label::RESULT, "timeout")),
        |row| {
            row.values[1] = 20_000_000;
            row.labels[6] = of_number(label::DURATION_BUCKET, 1 << 24, "nanoseconds");
        },
    ];
    for (number, change) in changes.iter().enumerate() {
        let mut other = first.clone();
        change(&mut other);
        assert_eq!(taken(&[first.clone(), other]).len(), 2, "change {number}");
    }
}

#[test]
fn rows_without_a_value_it_knows_are_none() {
    let mut busy = wait("0x10", 0, 1);
    busy.values = [0, 0, 0, 0, 5, 7, 5, 0, 0];
    assert_eq!(taken(&[busy]), []);
}

#[test]
fn what_is_unknown_has_no_label() {
    let row = Sample {
        values: [1, 0, 0, 0, 0, 0, 1, 0, 0],
        ..Sample::default()
    };
    let rows = taken(&[row]);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].labels, []);
}

#[test]
fn durations_are_told_in_the_texts_of_dotnet() {
    let bucket = |time_ns: i64| {
        let least_ns = 1 << time_ns.ilog2();
        let rows = taken(&[wait("0x10", time_ns, least_ns)]);
        let text = rows[0].text(DURATION_BUCKET).map(str::to_owned);
        text.unwrap_or_default()
    };
    for (time_ns, text) in [
        (1, "0 - 9 ms"),
        (9_999_999, "0 - 9 ms"),
        (10_000_000, " 10 - 49 ms"),
        (49_999_999, " 10 - 49 ms"),
        (50_000_000, "50 - 99 ms"),
        (99_999_999, "50 - 99 ms"),
        (100_000_000, "100 - 499 ms"),
        (499_999_999, "100 - 499 ms"),
        (500_000_000, "+500 ms"),
        (3_600_000_000_000, "+500 ms"),
    ] {
        assert_eq!(bucket(time_ns), text, "{time_ns}");
    }
}

#[test]
fn a_hold_is_told_by_its_own_length() {
    let mut hold = wait("0x10", 0, 1 << 26);
    hold.values = [0, 0, 2, 2 * 70_000_000, 0, 99, 2, 0, 0];
    let rows = taken(&[hold]);
    assert_eq!(rows[0].text(DURATION_BUCKET), Some("50 - 99 ms"));
    assert_eq!(rows[0].values, [0, 0, 2, 140_000_000, 0, 0, 0, 0, 0]);
}

#[test]
fn stacks_are_kept_once_and_found_again() {
    let mut stacks = Stacks::default();
    let all: [&[u32]; 4] = [&[1, 2, 3], &[], &[1, 2], &[3, 2, 1]];
    let places = all.map(|stack| stacks.index(stack));
    assert_eq!(places, [0, 1, 2, 3]);
    assert_eq!(all.map(|stack| stacks.index(stack)), places);
    assert_eq!(places.map(|place| stacks.get(place)), all);
    assert_eq!(stacks.frames.len(), 8);
    // Another one in its place, as when two have the same hash.
    let hash = FxBuildHasher.hash_one([7_u32].as_slice());
    stacks.places.insert(hash, 0);
    assert_eq!(stacks.index(&[7]), 4);
    assert_eq!(stacks.index(&[7]), 4);
    assert_eq!(stacks.get(4), [7]);
}

#[test]
fn equal_rows_are_one_however_far_apart_they_come() {
    let mut other = wait("0x10", 7, 4);
    other.stack = vec![9];
    let rows = taken(&[wait("0x10", 5, 4), other, wait("0x20", 6, 4)]);
    let waits: Vec<i64> = rows.iter().map(|row| row.values[1]).collect();
    assert_eq!(waits, [11, 7]);
}
