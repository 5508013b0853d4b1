//! Who made others wait: charges of holders, waits put down to them, chains, and what is still held.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use contract::comment;
use contract::sample_type::{SampleType, label};
use support::profile::{Rows, decode};
use support::program::Program;

/// How much of a whole, in thousandths.
fn share(part: i64, whole: i64) -> i64 {
    assert!(whole > 0, "nothing to have a part of");
    part * 1000 / whole
}

/// The part of all waiting for a lock that is put down to each of these sites.
fn expect_shares(
    rows: &Rows,
    what: &str,
    sites: &[(&str, i64)],
    margin: i64,
    amount: impl Fn(&Rows, &str) -> i64,
) {
    let whole: i64 = sites.iter().map(|(site, _)| amount(rows, site)).sum();
    for (site, expected) in sites {
        let seen = share(amount(rows, site), whole);
        assert!(
            (seen - expected).abs() <= margin,
            "{what}: {site} has {seen} of 1000, not {expected}\n{rows}"
        );
    }
}

#[test]
fn the_blame_is_shared_as_the_guilt_is() {
    for program in [
        Program::exact("guilty_holders"),
        Program::sampled("guilty_holders"),
    ] {
        let run = program.compare();
        let rows = run.profile();
        let held = ["held_1_ms", "held_3_ms", "held_9_ms"].map(|key| run.truth(key));
        let whole: i64 = held.iter().sum();
        let sites = [
            ("hold_1_ms", share(held[0], whole)),
            ("hold_3_ms", share(held[1], whole)),
            ("hold_9_ms", share(held[2], whole)),
        ];
        expect_shares(&rows, "charged to holders", &sites, 50, |rows, site| {
            rows.at(site).sum(SampleType::Blocked)
        });
        let waits = rows.at("innocent");
        // Whole waits are put down to one of the releases that they saw.
        expect_shares(&waits, "waits put down to", &sites, 100, |waits, site| {
            waits.with(label::BLOCKING_SITE, site).wait_ns()
        });
        // Nobody else is blamed, and nearly all of the waiting is accounted for.
        let blamed = rows.sum(SampleType::Blocked);
        rows.expect_close("blame", blamed, waits.wait_ns(), 10);
        let known: i64 = sites
            .iter()
            .map(|(site, _)| waits.with(label::BLOCKING_SITE, site).wait_ns())
            .sum();
        assert!(share(known, waits.wait_ns()) >= 900, "{rows}");
        // Now and then one waiter is still there when the other comes.
        let by_holder = waits.with(label::BLOCKING_THREAD_NAME, "Holder").wait_ns();
        assert!(share(by_holder, waits.wait_ns()) >= 990, "{rows}");
        let queue = waits.numbers(label::QUEUE_MAX);
        assert!(matches!(queue.last(), Some(2..=3)), "{rows}");
    }
}

#[test]
fn a_chain_leads_to_who_is_behind_it() {
    let run = Program::exact("chain_of_waits").compare();
    let rows = run.profile();
    let front = rows
        .at("front_suffers")
        .filter(|row| row.sample.values[1] > 0);
    assert_eq!(
        front.texts(label::BLOCKING_SITE),
        ["middle_passes_on"],
        "{rows}"
    );
    assert_eq!(
        front.texts(label::ROOT_BLOCKING_SITE),
        ["back_keeps"],
        "{rows}"
    );
    let middle = rows
        .at("middle_passes_on")
        .filter(|row| row.sample.values[1] > 0);
    assert_eq!(middle.texts(label::BLOCKING_SITE), ["back_keeps"], "{rows}");
    assert!(middle.texts(label::ROOT_BLOCKING_SITE).is_empty(), "{rows}");
    // The 20 ms, or what of them was left, are charged to both, each for the lock it held.
    for (holder, who_waited) in [("back_keeps", &middle), ("middle_passes_on", &front)] {
        let blocked = rows.at(holder).sum(SampleType::Blocked);
        rows.expect_close(holder, blocked, who_waited.wait_ns(), 10);
        assert!(blocked >= 5_000_000, "{holder}: {blocked}\n{rows}");
    }
}

#[test]
fn in_sections_of_half_a_microsecond_the_holder_is_known() {
    let run = Program::exact("short_sections").compare();
    let waits = run.profile().filter(|row| row.sample.values[1] > 0);
    let known = waits.filter(|row| row.sample.number(label::BLOCKING_THREAD_ID).is_some());
    let unknown = 1000 - share(known.contentions(), waits.contentions());
    assert!(unknown <= 100, "{unknown} of 1000 unknown");
}

#[test]
fn what_is_still_held_at_the_end_is_told_with_its_age() {
    let run = Program::exact("left_locked").compare();
    let profile = decode(&run.files()[0]);
    let all = comment::find(&profile.comments, comment::OPEN_HOLDS).unwrap();
    assert!(all.starts_with("2 for 2, "), "{all}");
    for (thread, what, taken) in [
        ("Keeper", "lock kept_lock at 0x", "take_and_keep"),
        ("Sleeper", "lock waited_lock at 0x", "wake_and_keep"),
    ] {
        let ending = format!("thread {thread}, taken in {taken}");
        let mut lines = profile.comments.iter();
        let line = lines.find(|line| line.ends_with(&ending)).unwrap();
        let one = line.strip_prefix(comment::OPEN_HOLD).unwrap();
        let (age, rest) = one.split_once(" ns, ").unwrap();
        let age: u64 = age.parse().unwrap();
        assert!((50_000_000..5_000_000_000).contains(&age), "{one}");
        assert!(rest.starts_with(what), "{one}");
    }
}

#[test]
fn memory_used_again_by_another_mutex_is_another_lock() {
    let rows = Program::exact("memory_reused").compare().profile();
    let (first, second) = (
        rows.lock("make_first (init)"),
        rows.lock("make_second (init)"),
    );
    first.expect_counts("of the first", 30, 30);
    // The third was made where the second was.
    second.expect_counts("of the second and third", 101, 101);
    let (first, second) = (first.texts(label::LOCK), second.texts(label::LOCK));
    assert_eq!(second, [format!("{}#2", first[0])]);
}

#[test]
fn what_a_holder_did_while_another_waited_is_told() {
    let run = Program::exact("holder_sleeps").compare();
    let profile = decode(&run.files()[0]);
    let told = comment::find(&profile.comments, comment::HOLDER).unwrap();
    let (counts, lock) = told.split_once("; lock ").unwrap();
    assert!(lock.ends_with(", slept_lock"), "{told}");
    let number = |ending| {
        let mut counts = counts.split(", ");
        let found = counts.find_map(|count| count.strip_suffix(ending));
        found.map_or(0, |number| number.parse::<u32>().unwrap())
    };
    let (looks, asleep) = (number(" looks"), number(" in clock_nanosleep"));
    // Where many others run, one that has woken up is seen to wait for a processor.
    assert!(asleep > 0 && asleep <= looks, "{told}");
}
