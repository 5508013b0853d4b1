//! How long waits and holds are, by the powers of two that profiles sort them into.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use contract::sample_type::{SampleType, label};
use support::profile::Rows;
use support::program::Program;

/// The power of two at or below the length that so many of 100 events have at most.
fn bucket(rows: &Rows, events: SampleType, percent: usize) -> i64 {
    let mut lengths: Vec<(i64, i64)> = rows
        .rows()
        .iter()
        .map(|row| {
            let bucket = row.sample.number(label::DURATION_BUCKET).unwrap();
            (bucket, row.sample.values[events.index()])
        })
        .collect();
    lengths.sort_unstable();
    let all = rows.sum(events);
    let mut below = 0;
    let found = lengths.iter().find(|(_, events)| {
        below += events;
        below * 100 >= all * i64::try_from(percent).unwrap()
    });
    found.unwrap().0
}

/// The longest, as the rows have it.
fn longest(rows: &Rows, time: SampleType) -> i64 {
    let of_row = |row: &support::profile::Row| {
        let label = row.sample.number(label::DURATION_MAX);
        // Without the label all are equally long; here such a row has one event.
        label.unwrap_or(row.sample.values[time.index()])
    };
    rows.rows().iter().map(of_row).max().unwrap()
}

/// The percentiles are within a factor of two of the truth, as far as that was measured:
/// a little of what we do is in one of them and not in the other.
fn expect_percentiles(rows: &Rows, events: SampleType, mut truths: Vec<i64>) {
    truths.sort_unstable();
    assert_eq!(
        usize::try_from(rows.sum(events)),
        Ok(truths.len()),
        "{rows}"
    );
    for percent in [50, 90, 99] {
        let floor = bucket(rows, events, percent);
        let truth = truths[(truths.len() * percent).div_ceil(100) - 1];
        assert!(
            floor < truth * 11 / 10 && truth < 2 * floor * 11 / 10,
            "{percent} % are below {truth} ns, which is not near {floor} ns\n{rows}"
        );
    }
}

#[test]
fn percentiles_are_right_within_a_factor_of_two_and_the_longest_exactly() {
    let run = Program::exact("lengths").compare();
    let rows = run.profile();
    let holds = rows
        .at("hold")
        .filter(|row| row.sample.values[SampleType::Release.index()] > 0);
    expect_percentiles(&holds, SampleType::Release, run.truths("held_ns"));
    let longest_hold = longest(&holds, SampleType::ReleaseHold);
    let inside = run.truths("held_ns").into_iter().max().unwrap();
    let outside = run.truths("hold_span_ns").into_iter().max().unwrap();
    assert!(
        (inside..=outside).contains(&longest_hold),
        "{inside} {longest_hold} {outside}\n{holds}"
    );

    let waits = rows
        .at("wait_for_it")
        .filter(|row| row.sample.values[SampleType::Contention.index()] > 0);
    expect_percentiles(&waits, SampleType::Contention, run.truths("waited_ns"));
    let outside = run.truths("waited_ns").into_iter().max().unwrap();
    let longest_wait = longest(&waits, SampleType::AcquireWait);
    assert!(
        longest_wait <= outside,
        "{longest_wait} of {outside}\n{waits}"
    );
    waits.expect_close("longest wait", longest_wait, outside, 10);
}
