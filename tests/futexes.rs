//! Waits by the kernel's futex, which are asked for by name: C, C++ and Rust programs compared with their profiles.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use contract::sample_type::{SampleType, label};
use support::build;
use support::profile::Rows;
use support::program::Program;

fn waits(rows: &Rows) -> i64 {
    rows.sum(SampleType::SyncWaits)
}

fn wait_ns(rows: &Rows) -> i64 {
    rows.sum(SampleType::SyncWait)
}

fn with_futexes(program: Program) -> Program {
    program.env("LOCKPROF_LOCKS", "+futex")
}

#[test]
fn who_calls_the_kernel_itself_is_seen_with_who_woke_it() {
    let run = with_futexes(Program::exact("futex_waits")).compare();
    let all = run.profile().sync("futex");
    let caught = all.at("wait_for_ball");
    assert_eq!(waits(&caught), 5, "{all}");
    caught.expect_close("waits", wait_ns(&caught), run.truth("wait_ns"), 5);
    assert_eq!(caught.texts(label::LOCK_NAME), ["ball"], "{all}");
    assert_eq!(caught.texts(label::BLOCKING_SITE), ["throw_ball"], "{all}");
    let waker = caught.texts(label::BLOCKING_THREAD_NAME);
    assert_eq!(waker, ["futex_waits"], "{all}");
    for (function, result, truth) in [
        ("run_out_of_time", "timeout", "late_ns"),
        ("be_interrupted", "interrupted", "interrupted_ns"),
    ] {
        let ended = all.at(function).result(result);
        assert_eq!(waits(&ended), 1, "{all}");
        ended.expect_close(function, wait_ns(&ended), run.truth(truth), 5);
        assert!(ended.texts(label::BLOCKING_SITE).is_empty(), "{all}");
    }
    let late = all.at("run_out_of_clock").result("timeout");
    assert_eq!(waits(&late), 1, "{all}");
    // The call by which it was moved has woken nobody.
    let moved = all.at("be_moved");
    assert_eq!(waits(&moved), 1, "{all}");
    assert!(wait_ns(&moved) >= 20_000_000, "{all}");
    // Taken at once in the kernel, which takes no time to speak of.
    let at_once = waits(&all.at("lock_by_priority")) + waits(&all.at("hold_by_priority"));
    assert!(at_once <= 2, "{all}");
    assert_eq!(waits(&all) - at_once, 13, "{all}");
}

#[test]
fn locks_in_the_kernel_are_waited_for_until_they_are_given() {
    let run = with_futexes(Program::exact("futex_waits")).compare();
    let all = run.profile().sync("futex");
    for (function, name, waker) in [
        ("wait_by_priority", "shared_word", "give_by_priority"),
        ("wait_to_own", "asked_at", "hand_over"),
    ] {
        let waited = all.at(function);
        assert_eq!(waits(&waited), 1, "{all}");
        assert!(wait_ns(&waited) >= 10_000_000, "{all}");
        assert_eq!(waited.texts(label::LOCK_NAME), [name], "{all}");
        assert_eq!(waited.texts(label::BLOCKING_SITE), [waker], "{all}");
    }
}

#[test]
fn who_waits_for_many_at_once_is_told_by_the_one_that_woke_it() {
    let run = with_futexes(Program::exact("futex_waits")).compare();
    let all = run.profile().sync("futex");
    let woken = all.at("wait_for_any");
    assert_eq!(waits(&woken), 1, "{all}");
    assert_eq!(woken.texts(label::LOCK_NAME), ["second_word"], "{all}");
    let late = all.at("wait_in_vain").result("timeout");
    assert_eq!(waits(&late), 1, "{all}");
    late.expect_close("wait", wait_ns(&late), run.truth("in_vain_ns"), 5);
    assert_eq!(late.texts(label::LOCK_NAME), ["first_word"], "{all}");
}

#[test]
fn futexes_are_left_alone_unless_asked_for() {
    // Of the rest of that program nobody need be told.
    assert!(Program::exact("futex_waits").compare().files().is_empty());
}

#[test]
fn sampled_waits_by_futex_keep_all_long_ones() {
    let run = with_futexes(Program::sampled("futex_waits")).compare();
    let caught = run.profile().sync("futex").at("wait_for_ball");
    assert_eq!(waits(&caught), 5, "{caught}");
    caught.expect_close("waits", wait_ns(&caught), run.truth("wait_ns"), 5);
}

#[test]
fn a_thread_cancelled_in_a_futex_or_a_file_lock_leaves_nothing_behind() {
    let program = Program::exact("futex_cancelled").env("LOCKPROF_LOCKS", "+futex,+file");
    let rows = program.compare().profile();
    rows.at("lock_afterwards").expect_counts("afterwards", 4, 4);
    // What was cancelled has not ended.
    for kind in ["futex", "file"] {
        assert_eq!(waits(&rows.sync(kind)), 0, "{kind}\n{rows}");
    }
}

#[test]
fn what_cxx20_waits_by_is_seen_once_each_at_its_place() {
    let run = with_futexes(Program::exact("cxx20_waits")).compare();
    let rows = run.profile();
    let all = rows.sync("futex");
    let turns = [
        ("wait_for_word", "change_word"),
        ("wait_at_latch", "open_latch"),
        ("wait_at_barrier", "come_to_barrier"),
        ("wait_for_ticket", "sell_ticket"),
    ];
    for ((waiter, waker), truth) in turns.into_iter().zip(run.truths("wait_ns")) {
        let waited = all.through(waiter);
        assert_eq!(waits(&waited), 1, "{waiter}\n{all}");
        // libstdc++ yields 16 times before, which on a busy machine takes its time, or all of it.
        let seen = wait_ns(&waited);
        assert!((1..=truth).contains(&seen), "{seen} of {truth}\n{all}");
        let site = waited.texts(label::BLOCKING_SITE);
        assert_eq!(site, [waker], "{all}");
    }
    assert_eq!(waits(&all), 4, "{all}");
    let written = rows.with(label::LOCK_KIND, "rwlock-write");
    let written = written.through("wait_to_write");
    assert_eq!(written.contentions(), 1, "{rows}");
}

#[test]
fn what_rusts_standard_library_waits_by_is_seen_once_each_at_its_place() {
    let program = Program::at(build::rust_program("std_waits")).sample("1");
    let run = with_futexes(program).compare();
    let all = run.profile().sync("futex").thread("Waiter");
    let turns = [
        ("wait_for_mutex", "hold_mutex"),
        ("wait_to_read", "hold_to_write"),
        ("wait_for_change", "make_change"),
        ("wait_for_value", "make_value"),
        ("wait_to_be_unparked", "unpark"),
    ];
    for ((waiter, waker), truth) in turns.into_iter().zip(run.truths("wait_ns")) {
        let waited = all.through(&format!("std_waits::{waiter}"));
        assert_eq!(waits(&waited), 1, "{waiter}\n{all}");
        waited.expect_close(waiter, wait_ns(&waited), truth, 10);
        let site = waited.texts(label::BLOCKING_SITE);
        assert_eq!(site, [format!("std_waits::{waker}")], "{all}");
    }
    assert_eq!(waits(&all), 5, "{all}");
}
