//! Intervals with figures worked out by hand.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::*;

fn half(events: &[(f64, f64, f64)]) -> Option<u64> {
    let mut spread = Spread::default();
    for (kept, weight, size) in events {
        spread.add(*kept, *weight, *size);
    }
    spread.of_count()
}

#[test]
fn a_number_is_followed_by_the_upper_half_of_its_poisson_interval() {
    // Upper ends of 95 % after Garwood, from tables.
    for (kept, upper) in [
        (1.0, 5.57),
        (2.0, 7.22),
        (5.0, 11.67),
        (10.0, 18.39),
        (100.0, 121.63),
    ] {
        let found = kept + deviations(kept) * f64::sqrt(kept);
        assert!((found / upper - 1.0).abs() < 0.003, "{kept}: {found}");
    }
    assert!((deviations(1e6) / NORMAL - 1.0).abs() < 0.002);
}

#[test]
fn a_count_is_off_by_the_root_of_its_variance() {
    // 10 kept for 100 each: variance 10 · 100 · 99 = 99,000, deviation 314.6, times 2.654.
    assert_eq!(half(&[(10.0, 100.0, 1.0)]), Some(835));
    // The same events in two rows are as sure as in one.
    assert_eq!(half(&[(4.0, 100.0, 1.0), (6.0, 100.0, 1.0)]), Some(835));
    // As long as 7 each, they are off by 7 times as much: 5,844.7.
    assert_eq!(half(&[(10.0, 100.0, 7.0)]), Some(5_845));
}

#[test]
fn what_was_always_kept_is_exact_and_adds_nothing() {
    assert_eq!(half(&[(1_000.0, 1.0, 5e6)]), Some(0));
    assert_eq!(half(&[(10.0, 100.0, 1.0), (1_000.0, 1.0, 5e6)]), Some(835));
    assert_eq!(half(&[(10.0, 0.5, 1.0)]), Some(0));
}

#[test]
fn few_large_events_among_many_small_ones_count_as_few() {
    let alone = half(&[(1.0, 100.0, 1e6)]).unwrap();
    let among = half(&[(1.0, 100.0, 1e6), (10_000.0, 100.0, 1.0)]).unwrap();
    assert!(among.abs_diff(alone) < alone / 1_000, "{among} {alone}");
}

#[test]
fn a_time_is_less_sure_than_a_count_as_lengths_are_known_from_few() {
    let mut spread = Spread::default();
    spread.add(10.0, 100.0, 7.0);
    // 5,844.7 times 1 + 3/10.
    assert_eq!(spread.of_lengths(), Some(7_599));
}

#[test]
fn nothing_and_the_unknown_have_no_interval() {
    assert_eq!(half(&[]), None);
    let mut spread = Spread::default();
    spread.add(10.0, 100.0, 1.0);
    spread.add_unknown();
    assert_eq!(spread.of_count(), None);
}

#[test]
fn a_quarter_of_the_events_has_a_quarter_of_the_variance() {
    let mut whole = Spread::default();
    whole.add(4_000.0, 100.0, 1.0);
    let mut quarter = Spread::default();
    quarter.merge_part(&whole, 0.25);
    let mut own = Spread::default();
    own.add(1_000.0, 100.0, 1.0);
    assert_eq!(quarter.of_count(), own.of_count());
}
