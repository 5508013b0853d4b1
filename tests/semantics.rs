//! What counts as an acquisition, a hold and a wait: C programs compared with their profiles.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use contract::sample_type::label;
use support::program::Program;

#[test]
fn a_recursive_mutex_counts_every_acquisition_with_its_depth() {
    let run = Program::exact("recursive_exact").compare();
    let rows = run.profile();
    rows.expect_counts("in all", 1000, 1000);
    rows.depth(1).expect_counts("at depth 1", 750, 750);
    rows.depth(2).expect_counts("at depth 2", 250, 250);
    rows.at("take_once").expect_counts("of take_once", 500, 500);
    rows.at("take_outer")
        .depth(1)
        .expect_counts("of take_outer", 250, 250);
    rows.at("take_inner")
        .depth(2)
        .expect_counts("of take_inner", 250, 250);
    assert_eq!(rows.texts(label::LOCK_KIND), ["recursive"], "{rows}");
    assert_eq!(rows.texts(label::LOCK_NAME), ["shared_lock"], "{rows}");
}

#[test]
fn every_thread_has_its_own_rows() {
    let rows = Program::exact("recursive_exact").run().profile();
    for i in 0..10 {
        let name = format!("{}-{i}", if i < 5 { "Simple" } else { "Nested" });
        let thread = rows.thread(&name);
        thread.expect_counts(&format!("of {name}"), 100, 100);
        let depths = if i < 5 { 0 } else { 50 };
        thread
            .depth(2)
            .expect_counts(&format!("of {name} at depth 2"), depths, depths);
        assert_eq!(thread.numbers(label::THREAD_NATIVE_ID).len(), 1, "{thread}");
        assert_eq!(thread.numbers(label::THREAD_ID).len(), 1, "{thread}");
    }
    assert_eq!(rows.numbers(label::THREAD_NATIVE_ID).len(), 10, "{rows}");
}

#[test]
fn nested_acquisitions_have_neither_wait_nor_hold() {
    let run = Program::exact("recursive_exact").run();
    let rows = run.profile();
    let nested = rows.depth(2);
    assert_eq!(
        (nested.wait_ns(), nested.hold_ns(), nested.contentions()),
        (0, 0, 0),
        "{nested}"
    );
    let (hold, wall) = (rows.hold_ns(), run.truth("wall_ns"));
    assert!(
        hold > 0 && hold <= wall,
        "holds of {hold} ns in {wall} ns\n{rows}"
    );
}

#[test]
fn deep_recursion_is_counted_at_every_depth() {
    let rows = Program::exact("recursion_deep").compare().profile();
    for depth in 1..=40 {
        assert_eq!(rows.depth(depth).acquires(), 10, "at depth {depth}\n{rows}");
    }
    let outermost = rows.depth(1);
    outermost.expect_counts("at depth 1", 10, 10);
    assert!(
        outermost.hold_ns() > 0 && rows.depth(2).hold_ns() == 0,
        "{rows}"
    );
    // A thread remembers only some of what it holds; what it forgot must be said.
    assert_eq!(rows.releases() + rows.lost("held at once"), 400, "{rows}");
}

#[test]
fn many_locks_held_at_once_are_counted_or_said_to_be_lost() {
    let rows = Program::exact("many_held").compare().profile();
    assert_eq!(rows.acquires(), 50 * 30, "{rows}");
    assert_eq!(rows.texts(label::LOCK).len(), 30, "{rows}");
    assert!(rows.releases() >= 50, "{rows}");
    assert_eq!(
        rows.releases() + rows.lost("held at once"),
        50 * 30,
        "{rows}"
    );
}

#[test]
fn each_type_of_mutex_is_counted_and_labelled() {
    let rows = Program::exact("mutex_kinds").compare().profile();
    for (name, kind) in [
        ("normal_lock", "mutex"),
        ("recursive_lock", "recursive"),
        ("errorcheck_lock", "errorcheck"),
        ("adaptive_lock", "adaptive"),
        ("robust_lock", "mutex"),
        ("inherit_lock", "mutex"),
    ] {
        let lock = rows.lock(name);
        lock.expect_counts(&format!("of {name}"), 200, 200);
        assert_eq!(lock.texts(label::LOCK_KIND), [kind], "{name}\n{lock}");
        assert!(lock.hold_ns() > 0, "{name}\n{lock}");
    }
    rows.expect_counts("in all", 1200, 1200);
}

#[test]
fn a_priority_ceiling_works_as_it_does_alone() {
    let rows = Program::exact("priority_protect").compare().profile();
    let lock = rows.lock("ceiling_lock");
    lock.at("take_under_ceiling")
        .expect_counts("by lock", 51, 51);
    lock.at("try_under_ceiling")
        .expect_counts("by trylock", 50, 50);
    assert_eq!(lock.result("busy").contentions(), 50, "{lock}");
}

#[test]
fn a_mutex_shared_by_processes_is_counted_in_each() {
    let run = Program::exact("process_shared").compare();
    let profiles = run.profiles();
    assert_eq!(
        profiles.len(),
        2,
        "profiles of parent and child: {:?}",
        run.files()
    );
    let count = |function: &str| {
        let mine: Vec<_> = profiles
            .iter()
            .filter(|(_, rows)| !rows.through(function).is_empty())
            .collect();
        assert_eq!(mine.len(), 1, "processes with {function}");
        mine[0].1.expect_counts(function, 100, 100);
        mine[0].0
    };
    assert_ne!(count("parent_work"), count("child_work"));
}

#[test]
fn every_call_that_takes_a_mutex_is_an_acquisition_of_its_caller() {
    let rows = Program::exact("every_call").compare().profile();
    for function in ["by_lock", "by_trylock", "by_timedlock", "by_clocklock"] {
        let calls = rows.at(function);
        calls.expect_counts(&format!("of {function}"), 100, 0);
        for row in calls.rows() {
            let path = [function, "deeper", "deeper", "deeper", "main"];
            assert_eq!(row.stack[..5], path, "{row}");
        }
    }
    rows.at("release").expect_counts("of release", 0, 400);
    assert_eq!(rows.contentions(), 0, "{rows}");
}

#[test]
fn unlocking_in_another_thread_ends_the_hold() {
    let run = Program::exact("unlock_elsewhere").compare();
    let rows = run.profile();
    let here = rows.at("lock_here").thread("Locker");
    here.expect_counts("of the locker", 20, 0);
    assert_eq!(here.hold_ns(), 0, "{rows}");
    // What the other thread ends is a hold of that thread, or said to be lost.
    let there = rows.at("unlock_there").thread("Unlocker");
    let ended = there.releases() + rows.lost("another thread");
    assert_eq!(ended, 20, "ended by the other thread\n{rows}");
    if there.releases() == 20 {
        rows.expect_close("hold", there.hold_ns(), run.truth("held_ns"), 10);
    }
    // The locker's next hold does not reach back to one that was ended for it.
    let own = rows.at("lock_and_unlock");
    own.expect_counts("of the locker alone", 1, 1);
    rows.expect_close("own hold", own.hold_ns(), run.truth("own_ns"), 10);
}

#[test]
fn locks_of_c11_are_profiled_like_those_of_posix() {
    let rows = Program::exact("c11_locks").compare().profile();
    rows.at("take_plain").expect_counts("by mtx_lock", 100, 100);
    rows.at("take_timed")
        .expect_counts("by mtx_timedlock", 100, 100);
    rows.at("take_by_trying")
        .expect_counts("by mtx_trylock", 100, 100);
    rows.at("take_outer")
        .depth(1)
        .expect_counts("outside", 100, 100);
    rows.at("take_inner")
        .depth(2)
        .expect_counts("nested", 100, 100);
    assert_eq!(rows.lock("plain_mtx").acquires(), 200, "{rows}");
    assert_eq!(rows.lock("recursive_mtx").acquires(), 200, "{rows}");
    assert_eq!(
        rows.at("try_busy").result("busy").contentions(),
        1,
        "{rows}"
    );
    let late = rows.at("run_out_of_time").result("timeout");
    assert_eq!((late.contentions(), late.acquires()), (1, 0), "{rows}");
    late.expect_close("wait", late.wait_ns(), 50_000_000, 15);
}

#[test]
fn locks_are_named_by_symbol_by_init_or_by_first_use() {
    let run = Program::exact("lock_names").compare();
    let rows = run.profile();
    for name in [
        "counter_lock",
        "cache+0x40",
        "started_later",
        "global_lock",
        "make_thing (init)",
        "use_zeroed (first lock)",
    ] {
        rows.lock(name).expect_counts(&format!("of {name}"), 10, 10);
    }
    let address = format!("{:#x}", run.truth("counter_lock"));
    assert_eq!(
        rows.lock("counter_lock").texts(label::LOCK),
        [address],
        "{rows}"
    );
}
