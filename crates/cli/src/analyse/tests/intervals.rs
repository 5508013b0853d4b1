//! How sure estimates are: by hand, and over many samples whose truth is known.

use std::collections::BTreeMap;

use super::*;
use crate::analyse::totals::Errors;

/// A row with this many sampled events behind it.
fn behind(mut sample: Sample, kept: i64) -> Sample {
    sample.values[6] = kept;
    sample
}

fn totals(samples: Vec<Sample>) -> Totals {
    rows(&[profile(&["main"], samples)], By::Lock)[0]
        .totals
        .clone()
}

#[test]
fn every_estimate_has_an_interval_of_its_own() {
    let errors = totals(vec![
        behind(acquired(&[0], "mu", [1_000, 0, 0]), 10),
        // 5 waits of 7 µs that stand for 50, and 2 kept for themselves.
        behind(acquired(&[0], "mu", [0, 350_000, 50]), 5),
        behind(acquired(&[0], "mu", [0, 400_000, 2]), 2),
        behind(released(&[0], "mu", [1_000, 7_000, 0]), 10),
        with(
            behind(acquired(&[0], "mu", [0, 0, 1_000]), 10),
            &[text(label::RESULT, "busy")],
        ),
    ])
    .errors;
    // As worked out beside the formula: 10 for 1,000.
    assert_eq!(errors.acquisitions.of_count(), Some(835));
    assert_eq!(errors.failed.of_count(), Some(835));
    assert_eq!(errors.holds.of_count(), Some(835));
    // The same times 7 ns and 1.3, for lengths known from 10: 7,598.1.
    assert_eq!(errors.hold_ns.of_lengths(), Some(7_599));
    // 5 for 10 each: variance 5 · 10 · 9 = 450, deviation 21.21, times 2.982, and
    // times 1.6, since what a wait stands for depends on its length, known from 5: 101.2.
    assert_eq!(errors.waits.of_lengths(), Some(102));
    // The same times 7,000 ns: 708,524.
    let wait_ns = errors.wait_ns.of_lengths().unwrap();
    assert!((708_500..=708_550).contains(&wait_ns), "{wait_ns}");
}

#[test]
fn waits_kept_for_themselves_do_not_make_acquisitions_surer() {
    // Of 110 records, 10 are sampled acquisitions: as elsewhere, each stands for 100.
    let waited = || behind(acquired(&[0], "mu", [1_000, 5_000_000, 100]), 110);
    let other = || behind(acquired(&[0], "mu", [2_000, 0, 0]), 20);
    let half = |samples| totals(samples).errors.acquisitions.of_count();
    // 30 for 100 each: variance 297,000, deviation 545.0, times 2.342.
    assert_eq!(half(vec![waited(), other()]), Some(1_277));
    // No such row of the lock: those of other locks say what an acquisition stands for.
    let elsewhere = || behind(acquired(&[0], "other", [2_000, 0, 0]), 20);
    let rows = rows(&[profile(&["main"], vec![waited(), elsewhere()])], By::Lock);
    assert_eq!(rows[0].totals.errors.acquisitions.of_count(), Some(835));
    // Nothing to compare with: 110 for 9.09 each, deviation 89.95, times 2.153.
    assert_eq!(half(vec![waited()]), Some(194));
}

#[test]
fn what_tells_of_blame_does_not_make_holds_surer() {
    // Of 50 records, 10 are sampled releases: as elsewhere, each stands for 100.
    let blamed = behind(released(&[0], "mu", [1_000, 7_000, 900]), 50);
    let other = behind(released(&[0], "mu", [2_000, 0, 0]), 20);
    let errors = totals(vec![blamed.clone(), other]).errors;
    // 30 for 100 each: variance 297,000, deviation 545.0, times 2.342.
    assert_eq!(errors.holds.of_count(), Some(1_277));
    // 10 of 7 ns for 100 each: 5,844.7, times 1.3.
    assert_eq!(errors.hold_ns.of_lengths(), Some(7_599));
    // Nothing to compare with: 50 for 20 each, deviation 137.8, times 2.251.
    assert_eq!(totals(vec![blamed]).errors.holds.of_count(), Some(311));
}

#[test]
fn where_every_acquisition_was_sampled_everything_is_exact() {
    let exact = |samples| {
        let mut profile = profile(&["main"], samples);
        profile.comments = vec!["sample: one acquisition in 1".to_owned()];
        rows(&[profile], By::Lock)[0].clone()
    };
    let waited = behind(acquired(&[0], "mu", [10, 5_000, 4]), 12);
    let row = exact(vec![
        waited,
        behind(released(&[0], "mu", [10, 90, 5_000]), 0),
    ]);
    let Errors {
        acquisitions,
        waits,
        wait_ns,
        failed,
        holds,
        hold_ns,
        blocked_ns,
    } = row.totals.errors;
    for spread in [acquisitions, waits, wait_ns, holds, hold_ns, blocked_ns] {
        assert_eq!((spread.of_count(), spread.of_lengths()), (Some(0), Some(0)));
    }
    assert_eq!(failed.of_count(), None);
    assert!(row.whole.is_exact);
}

#[test]
fn a_profile_that_does_not_count_samples_has_no_intervals() {
    let errors = totals(vec![
        behind(acquired(&[0], "mu", [1_000, 500, 5]), 0),
        behind(released(&[0], "mu", [1_000, 500, 50]), 0),
    ])
    .errors;
    let spreads = [
        errors.acquisitions,
        errors.waits,
        errors.wait_ns,
        errors.holds,
        errors.hold_ns,
        errors.blocked_ns,
    ];
    assert!(spreads.iter().all(|spread| spread.of_count().is_none()));
}

#[test]
fn what_a_holder_caused_is_as_sure_as_the_waiting_for_its_lock() {
    let waited = behind(acquired(&[0], "mu", [0, 400_000, 400]), 40);
    let errors = |blocked| {
        let released = behind(released(&[1], "mu", [10, 10, blocked]), 10);
        let profile = profile(&["main", "holder"], vec![waited.clone(), released]);
        rows(&[profile], By::Holder)[0].totals.errors.clone()
    };
    // 40 for 10 each of 1 µs: variance 3,600, deviation 60 µs, times 2.288 and 1.075.
    assert_eq!(errors(400_000).blocked_ns.of_lengths(), Some(147_574));
    // A quarter of it is as unsure as 10 would be: deviation 30 µs, times 2.654 and 1.3.
    assert_eq!(errors(100_000).blocked_ns.of_lengths(), Some(103_493));
}

#[test]
fn intervals_of_several_files_add_up_as_variances_do() {
    let one = profile(
        &["main"],
        vec![behind(acquired(&[0], "mu", [1_000, 0, 0]), 10)],
    );
    let both = rows(&[one.clone(), one], By::Lock);
    // 20 for 100 each: variance 198,000, deviation 445.0, times 2.435.
    assert_eq!(both[0].totals.errors.acquisitions.of_count(), Some(1_084));
}

/// Random numbers from (0, 1).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        f64::from(u32::try_from(self.0 >> 32).unwrap()) / 4_294_967_296.0
    }
}

/// The rows of events of these lengths when each is kept with such a probability;
/// as the library writes them, a row for each power of two, with as many samples as
/// would make it as sure if each stood for equally many.
fn kept(lengths: &[f64], chance: &mut Chance, probability: impl Fn(f64) -> f64) -> Vec<[i64; 3]> {
    let mut rows: BTreeMap<i32, [f64; 3]> = BTreeMap::new();
    for length in lengths {
        let probability = probability(*length);
        if chance.next() < probability {
            #[allow(clippy::cast_possible_truncation, reason = "an exponent is small")]
            let row = rows.entry(length.log2() as i32).or_default();
            row[0] += 1.0 / probability;
            row[1] += length / probability;
            row[2] += probability.powi(-2);
        }
    }
    #[allow(clippy::cast_possible_truncation, reason = "rounding is meant")]
    let rounded = |[count, time, squares]: [f64; 3]| {
        [count, time, count * count / squares].map(|value| value.round() as i64)
    };
    rows.into_values().map(rounded).collect()
}

/// A number and a time, each with half of its interval.
type Found = [(u64, Option<u64>); 2];

/// What a test of intervals is about: the row of some events, from their number and
/// time; and what was found.
struct About {
    row: fn([i64; 2]) -> Sample,
    found: fn(&Totals) -> Found,
}

const HOLDS: About = About {
    row: |[count, time]| released(&[0], "mu", [count, time, 0]),
    found: |totals| {
        let errors = &totals.errors;
        [
            (totals.holds, errors.holds.of_count()),
            (totals.hold_ns, errors.hold_ns.of_lengths()),
        ]
    },
};

const WAITS: About = About {
    row: |[count, time]| acquired(&[0], "mu", [0, time, count]),
    found: |totals| {
        let errors = &totals.errors;
        [
            (totals.waits, errors.waits.of_lengths()),
            (totals.wait_ns(), errors.wait_ns.of_lengths()),
        ]
    },
};

/// Of 400 profiles of events with lengths from 1 µs over a factor of `range`, how many
/// have an interval that holds the true number, and one that holds the true time.
fn coverage(about: &About, events: u32, range: f64, probability: fn(f64) -> f64) -> [usize; 2] {
    let mut chance = Chance(88_172_645_463_325_252);
    let mut covered = [0; 2];
    let mut profiles = 0;
    while profiles < 400 {
        let lengths: Vec<f64> = (0..events)
            .map(|_| 1_000.0 * range.powf(chance.next()))
            .collect();
        let rows = kept(&lengths, &mut chance, probability);
        if rows.is_empty() {
            continue;
        }
        let samples = rows
            .iter()
            .map(|[count, time, kept]| behind((about.row)([*count, *time]), *kept));
        let truths = [f64::from(events), lengths.iter().sum()];
        let found = (about.found)(&totals(samples.collect()));
        for ((covered, truth), (found, half)) in covered.iter_mut().zip(truths).zip(found) {
            let off_by = (weights::float(found) - truth).abs();
            *covered += usize::from(off_by <= weights::float(half.unwrap()) + 1.0);
        }
        profiles += 1;
    }
    covered
}

// Of 400 intervals, 380 are meant to hold the truth; 360 are demanded of the smallest
// profiles, and of no case less.

#[test]
fn intervals_of_acquisitions_and_holds_hold_the_truth() {
    let one_in_100: fn(f64) -> f64 = |_| 0.01;
    let one_in_10: fn(f64) -> f64 = |_| 0.1;
    for (events, probability) in [
        (100, one_in_100),
        (500, one_in_100),
        (3_000, one_in_100),
        (3_000, one_in_10),
    ] {
        for range in [2.0, 100.0] {
            let [numbers, times] = coverage(&HOLDS, events, range, probability);
            let case = format!("{events} {range}: {numbers} {times}");
            assert!(numbers >= 370 && times >= 360, "{case}");
        }
    }
}

#[test]
fn intervals_hold_the_truth_where_a_throttle_makes_samples_stand_for_different_numbers() {
    // As in a thread that locks fast and slowly by turns.
    let by_turns = |length: f64| if length % 2.0 < 1.0 { 0.01 } else { 0.0005 };
    for events in [16_000, 40_000] {
        let [numbers, times] = coverage(&HOLDS, events, 2.0, by_turns);
        let case = format!("{events}: {numbers} {times}");
        assert!(numbers >= 360 && times >= 360, "{case}");
    }
}

#[test]
fn intervals_of_waits_kept_by_their_length_hold_the_truth() {
    for events in [30, 100, 300, 1_000, 3_000] {
        let [numbers, times] = coverage(&WAITS, events, 1_000.0, |length| {
            (length / 100_000.0).min(1.0)
        });
        let case = format!("{events}: {numbers} {times}");
        assert!(numbers >= 360 && times >= 360, "{case}");
    }
}
