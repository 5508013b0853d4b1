//! Locks and threads that live briefly, in great numbers, or in several processes: their numbers still add up.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use contract::sample_type::label;
use support::profile::Rows;
use support::program::Program;

/// A program that fills the tables. It asks for a profile of them itself: when it ends,
/// the same once more may take longer than an end may, which is said.
fn full(name: &str) -> Program {
    Program::exact(name).announcing("lockprof: the last profile was not finished")
}

/// What found no room in the tables is said, by its number, and is in the rows all the same.
fn expect_whole(rows: &Rows, acquisitions: i64) {
    rows.expect_counts("in all", acquisitions, acquisitions);
    assert_eq!(
        rows.lost(""),
        rows.lost("tables full"),
        "nothing else is lost\n{rows}"
    );
}

#[test]
fn a_hundred_thousand_locks_are_counted_and_their_places_told_apart() {
    let rows = full("short_lived_locks").compare().profile();
    let moved = 64 * 65 / 2;
    expect_whole(&rows, 100_000 + 3 * 1_000 + moved);
    for (place, times) in [
        ("take_brief", 100_000),
        ("take_made", 1_000),
        ("take_kept", 1_000),
        ("take_in_union", 1_000),
        ("take_moved", moved),
    ] {
        rows.at(place)
            .expect_counts(&format!("of {place}"), times, times);
    }
    // More locks than there is room for, of which many have a row of their own.
    assert!(rows.lost("tables full") > 50_000, "{rows}");
    assert!(rows.texts(label::LOCK).len() > 5_000, "{rows}");
}

#[test]
fn a_lock_made_again_and_again_in_one_place_is_one_lock() {
    let rows = Program::exact("memory_in_a_pool").compare().profile();
    for name in ["made_lock", "kept_lock", "cell"] {
        let lock = rows.lock(name);
        lock.expect_counts(&format!("of {name}"), 1_000, 1_000);
        assert_eq!(lock.texts(label::LOCK).len(), 1, "{lock}");
    }
    assert_eq!(rows.lost(""), 0, "{rows}");
}

#[test]
fn twenty_thousand_threads_one_after_the_other_are_all_counted() {
    let rows = full("threads_in_sequence").compare().profile();
    expect_whole(&rows, 20_000);
    // Those that found no room for their thread have kept their lock and place.
    rows.lock("lock")
        .at("take_once")
        .expect_counts("of the lock", 20_000, 20_000);
    assert!(!rows.thread("[others]").is_empty(), "{rows}");
}

#[test]
fn a_lock_in_a_file_is_counted_in_each_process_at_its_own_address() {
    let run = Program::exact("shared_file").compare();
    let profiles = run.profiles();
    assert_eq!(profiles.len(), 2, "{:?}", run.files());
    for (function, address) in [
        ("parent_work", "parent_address"),
        ("child_work", "child_address"),
    ] {
        let of_process = |(_, rows): &&(u32, Rows)| !rows.through(function).is_empty();
        let (_, rows) = profiles.iter().find(of_process).unwrap();
        rows.expect_counts(function, 200, 200);
        let address = format!("{:#x}", run.truth(address));
        assert_eq!(rows.texts(label::LOCK), [address], "{rows}");
    }
}

#[test]
fn whichever_depth_is_sampled_holds_are_those_of_the_outermost() {
    let run = Program::sampled("recursion_sampled")
        .sample("7")
        .env("LOCKPROF_CPU_LIMIT", "0")
        .compare();
    let rows = run.profile();
    assert_eq!(rows.lost(""), 0, "{rows}");
    for (depth, place) in [(1, "take_first"), (2, "take_second"), (3, "take_third")] {
        let own = rows.depth(depth);
        assert_eq!(own.acquires(), own.at(place).acquires(), "{own}");
        // Each sampled acquisition has its release, which stands for as many.
        assert_eq!(own.acquires(), own.releases(), "at depth {depth}\n{own}");
        // Some 5,700 of each: a standard deviation is 1.2 %.
        own.expect_close("acquisitions", own.acquires(), 40_000, 7);
        assert_eq!(own.hold_ns() > 0, depth == 1, "at depth {depth}\n{own}");
    }
    let outermost = rows.depth(1);
    let mean = outermost.hold_ns() / outermost.releases();
    let truth = run.truth("held_ns") / 40_000;
    // An inner one lasts half as long, or nothing. A mean has the machine's noise in it.
    outermost.expect_close("mean hold", mean, truth, 25);
}
