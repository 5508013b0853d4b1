//! Which hints a profile gives, and which evidence each of them needs.

use super::*;
use crate::analyse::filter::Filter;
use crate::analyse::finding::{Convoy, Finding, LongHolds, Readers, Recursive};
use crate::analyse::hints::{self, Hint, Place};

/// Ten milliseconds of one thread.
fn find(functions: &[&str], samples: &[Sample]) -> Vec<Hint> {
    let id = [number(label::THREAD_NATIVE_ID, 1)];
    let samples = samples.iter().map(|sample| with(sample.clone(), &id));
    let mut profile = profile(functions, samples.collect());
    profile.duration_ns = 10_000_000;
    hints::find(
        [&profile],
        &analyse([&profile], By::Lock),
        &Filter::default(),
    )
}

/// A hold of a second frame in a row of so many: how long, by the bucket.
fn held(count: i64, each_ns: i64) -> Sample {
    let mut sample = released(&[1, 0], "mu", [count, count * each_ns, 0]);
    sample.values[6] = count;
    sample
}

fn waited(count: i64, each_ns: i64) -> Sample {
    let mut sample = acquired(&[0], "mu", [count, count * each_ns, count]);
    sample.values[6] = count;
    sample
}

#[test]
fn many_short_holds_with_long_waits_are_a_convoy() {
    let queued = with(waited(100, 20_000), &[number(label::QUEUE_MAX, 9)]);
    // In use for 5 of 10 ms, waits of ten times a hold.
    let hints = find(&["main", "put"], &[queued.clone(), held(2_500, 2_000)]);
    let expected = Hint {
        lock: Lock {
            name: "mu".to_owned(),
            kind: String::new(),
            address: "0x10".to_owned(),
        },
        is_namesake: false,
        wait_ns: 2_000_000,
        place: site("put").map(Place::HeldMost),
        finding: Finding::Convoy(Convoy {
            wait_mean_ns: 20_000,
            hold_mean_ns: 2_000,
            utilisation_millipercent: 50_000,
            queue_max: Some(9),
        }),
    };
    assert_eq!(hints, [expected]);
    for (what, other) in [
        ("in use less", held(2_499, 2_000)),
        ("waits of less than ten holds", held(2_500, 2_001)),
        ("one hold in 50 explains the waits", held(2_250, 2_000)),
    ] {
        let mut samples = vec![queued.clone(), other];
        if what.starts_with("one") {
            samples.push(held(50, 20_000));
        }
        assert_eq!(find(&["main", "put"], &samples), [], "{what}");
    }
}

#[test]
fn long_holds_are_told_with_the_waiting_function_in_their_stacks() {
    let waits = waited(10, 200_000);
    let mut long = held(2, 1_500_000);
    let short = held(900, 1_000);
    let finding = |under: Option<&str>| {
        Finding::LongHolds(LongHolds {
            holds: 2,
            long_ns: 3_000_000,
            hold_ns: 3_900_000,
            longest_ns: 1_500_000,
            under: under.map(str::to_owned),
            meanwhile: None,
        })
    };
    let hints = find(
        &["main", "append"],
        &[waits.clone(), long.clone(), short.clone()],
    );
    assert_eq!(hints.len(), 1);
    assert_eq!(
        (&hints[0].place, &hints[0].finding),
        (&site("append").map(Place::HeldMost), &finding(None))
    );
    long.stack = vec![1, 2, 0];
    let names = |function| ["main", "append", function];
    for (function, under) in [
        ("fsync", Some("fsync")),
        ("__libc_write", Some("__libc_write")),
        ("write_cache", None),
        ("log::write", None),
    ] {
        let hints = find(
            &names(function),
            &[waits.clone(), long.clone(), short.clone()],
        );
        assert_eq!(hints[0].finding, finding(under), "{function}");
    }
    // Below 1 ms, or less than half of the time it is held.
    assert_eq!(
        find(&["main", "append"], &[waits.clone(), held(2, 999_999)]),
        []
    );
    assert_eq!(
        find(&["main", "append"], &[waits, long, held(3_001, 1_000)]),
        []
    );
}

#[test]
fn one_wait_is_no_pattern_however_long() {
    let long = held(3, 1_500_000);
    let functions = ["main", "append"];
    assert_eq!(find(&functions, &[waited(1, 2_000_000), long.clone()]), []);
    assert_eq!(find(&functions, &[waited(2, 1_000_000), long]).len(), 1);
}

#[test]
fn hints_are_about_where_it_was_held_that_others_waited_for() {
    let by = |function: usize, count, each_ns| {
        let mut sample = held(count, each_ns);
        sample.stack = vec![function, 0];
        sample
    };
    let functions = ["main", "start_up", "flush"];
    let waits = with(waited(10, 200_000), &[text(label::BLOCKING_SITE, "flush")]);
    // Longer holds in the beginning, when nobody else was there, made nobody wait.
    let samples = |flush| [waits.clone(), by(1, 2, 9_000_000), flush];
    let hints = find(&functions, &samples(by(2, 3, 1_500_000)));
    assert_eq!(hints.len(), 1, "{hints:?}");
    assert_eq!(hints[0].place, site("flush").map(Place::WaitedFor));
    assert!(
        hints[0]
            .text()
            .starts_with("long holds of mu in flush: 100%")
    );
    let evidence = LongHolds {
        holds: 3,
        long_ns: 4_500_000,
        hold_ns: 4_500_000,
        longest_ns: 1_500_000,
        under: None,
        meanwhile: None,
    };
    assert_eq!(hints[0].finding, Finding::LongHolds(evidence));
    assert_eq!(find(&functions, &samples(by(2, 3, 900_000))), []);
}

#[test]
fn a_lock_held_by_readers_alone_is_told() {
    let by = |function: usize, count| {
        let mut sample = held(count, 1_000);
        sample.stack = vec![function, 0];
        sample
    };
    let functions = ["main", "cache_get", "cache_find", "cache_put"];
    let of = |writes: i64| {
        let samples = [waited(10, 200_000), by(1, 600), by(2, 300), by(3, writes)];
        find(&functions, &samples)
    };
    let hints = of(100);
    assert_eq!(hints.len(), 1);
    assert_eq!(
        hints[0].finding,
        Finding::Readers(Readers {
            reading_ns: 900_000,
            hold_ns: 1_000_000,
            functions: 2,
        })
    );
    assert_eq!(hints[0].place, site("cache_get").map(Place::HeldMost));
    assert!(
        hints[0].text().contains("90.0% of the time"),
        "{}",
        hints[0].text()
    );
    assert_eq!(of(101), []);
}

#[test]
fn a_recursive_mutex_with_nested_use_and_far_longer_holds_is_told() {
    let samples = |of: &str, nested: i64, longest: i64| {
        let mut inner = with(
            acquired(&[0], "mu", [nested, 0, 0]),
            &[number(label::DEPTH, 2)],
        );
        inner.values[6] = nested;
        [waited(10, 20_000), inner, held(20, 4_096), held(1, longest)]
            .map(|sample| with(sample, &[text(label::LOCK_KIND, of)]))
    };
    let hints = find(&["main", "put"], &samples("recursive", 30, 40_960));
    assert_eq!(hints.len(), 1);
    assert_eq!(
        hints[0].finding,
        Finding::Recursive(Recursive {
            acquisitions: 40,
            nested: 30,
            hold_p50_ns: 4_096,
            hold_max_ns: 40_960,
        })
    );
    assert_eq!(find(&["main", "put"], &samples("mutex", 30, 40_960)), []);
    assert_eq!(find(&["main", "put"], &samples("recursive", 0, 40_960)), []);
    assert_eq!(
        find(&["main", "put"], &samples("recursive", 30, 40_959)),
        []
    );
}

#[test]
fn only_waiting_that_surely_takes_a_hundredth_of_the_time_is_worth_a_hint() {
    let long = || held(2, 1_500_000);
    let find = |sample| find(&["main", "append"], &[sample, long()]).len();
    assert_eq!(find(waited(10, 10_000)), 1);
    assert_eq!(find(waited(10, 9_999)), 0);
    // The same time of one sampled wait: it may as well have been none.
    let mut unsure = waited(10, 10_000);
    unsure.values[6] = 1;
    assert_eq!(find(unsure), 0);
}

#[test]
fn the_row_of_all_other_locks_gives_no_hint() {
    let at = |mut sample: Sample, address| {
        sample.labels[1] = text(label::LOCK, address);
        sample
    };
    let hints = |address| {
        let rows = [waited(10, 200_000), held(2, 1_500_000)];
        let rows = rows.map(|sample| at(sample, address));
        find(&["main", "append"], &rows).len()
    };
    assert_eq!((hints("0x0"), hints("0x10")), (0, 1));
}

#[test]
fn the_most_valuable_hints_come_first_and_no_more_than_five() {
    let samples: Vec<Sample> = (1..=7)
        .flat_map(|lock| {
            let name = [text(label::LOCK_NAME, &format!("mu-{lock}"))];
            [waited(lock, 200_000), held(2, 1_000_000)].map(|mut sample| {
                sample.labels.remove(0);
                with(sample, &name)
            })
        })
        .collect();
    let hints = find(&["main", "append"], &samples);
    let names: Vec<&str> = hints.iter().map(|hint| hint.lock.name.as_str()).collect();
    assert_eq!(names, ["mu-7", "mu-6", "mu-5", "mu-4", "mu-3"]);
}
