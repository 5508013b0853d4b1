//! Locks that are no mutexes: read-write locks and spin locks, compared with their profiles.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use contract::sample_type::{SampleType, label};
use support::profile::Rows;
use support::program::Program;

const READ: &str = "rwlock-read";
const WRITE: &str = "rwlock-write";

fn of_kind(rows: &Rows, kind: &str) -> Rows {
    rows.with(label::LOCK_KIND, kind)
}

#[test]
fn readers_and_writers_are_counted_apart() {
    let rows = Program::exact("rwlock_exact").compare().profile();
    assert_eq!(rows.texts(label::LOCK_KIND), [READ, WRITE], "{rows}");
    of_kind(&rows.at("read_once"), READ).expect_counts("of readers", 400, 400);
    of_kind(&rows.at("write_once"), WRITE).expect_counts("of writers", 200, 200);
    let names = of_kind(&rows, WRITE).texts(label::LOCK_NAME);
    assert_eq!(names, ["quiet_lock", "shared_lock"]);
}

#[test]
fn every_call_that_takes_a_read_write_lock_counts() {
    let rows = Program::exact("rwlock_exact").run().profile();
    let every = rows.at("take_every_way");
    of_kind(&every, READ).expect_counts("to read", 150, 150);
    of_kind(&every, WRITE).expect_counts("to write", 150, 150);
}

#[test]
fn a_reader_that_reads_again_holds_it_once() {
    let rows = Program::exact("rwlock_exact").run().profile();
    let (outer, inner) = (rows.at("read_outer"), rows.at("read_inner"));
    outer.depth(1).expect_counts("of the outer ones", 50, 50);
    inner.depth(2).expect_counts("of the inner ones", 100, 100);
    assert_eq!((inner.acquires(), inner.hold_ns()), (100, 0), "{rows}");
    assert!(outer.hold_ns() > 0, "{rows}");
    assert_eq!(rows.lost(""), 0, "{rows}");
}

#[test]
fn holds_of_readers_overlap_and_add_up_by_thread() {
    let run = Program::exact("rwlock_exact").run();
    let rows = run.profile();
    let together = rows.at("read_together");
    let truth: i64 = run.truths("together_ns").iter().sum();
    together.expect_close("all readers' holds", together.hold_ns(), truth, 5);
    assert_eq!(together.releases(), 4, "{rows}");
}

#[test]
fn who_waits_to_read_waits_for_the_writer_and_the_other_way_round() {
    for program in [
        Program::exact("rwlock_blame"),
        Program::sampled("rwlock_blame").env("LOCKPROF_CPU_LIMIT", "0"),
    ] {
        let run = program.compare();
        let rows = run.profile();
        for (waiter, kind, holder, truth, count) in [
            ("wait_to_read", READ, "write_slowly", "read_wait_ns", 20),
            ("wait_to_write", WRITE, "read_slowly", "write_wait_ns", 20),
            ("write_behind", WRITE, "write_before", "behind_wait_ns", 40),
        ] {
            let waits = of_kind(&rows.at(waiter), kind);
            waits.expect_close("waits", waits.wait_ns(), run.truth(truth), 5);
            assert_eq!(waits.contentions(), count, "{rows}");
            let known = waits.with(label::BLOCKING_SITE, holder).wait_ns();
            waits.expect_close("waits put down to the holder", known, waits.wait_ns(), 10);
            let blamed = rows.at(holder).sum(SampleType::Blocked);
            rows.expect_close("blame", blamed, waits.wait_ns(), 10);
        }
        // Of a writer its thread is known too.
        let by_thread = rows
            .at("wait_to_read")
            .with(label::BLOCKING_THREAD_NAME, "Holder");
        assert_eq!(by_thread.contentions(), 20, "{rows}");
    }
}

#[test]
fn attempts_that_fail_are_counted_with_their_reason() {
    let run = Program::exact("rwlock_failures").compare();
    let rows = run.profile();
    let count = |function, result| rows.at(function).result(result).contentions();
    assert_eq!(count("try_to_read", "busy"), 1, "{rows}");
    assert_eq!(count("try_to_write", "busy"), 2, "{rows}");
    for (function, truth) in [
        ("read_until", "read_until_ns"),
        ("write_until", "write_until_ns"),
    ] {
        let late = rows.at(function).result("timeout");
        assert_eq!(late.contentions(), 1, "{rows}");
        late.expect_close("wait until the time", late.wait_ns(), run.truth(truth), 10);
    }
    let own = rows.at("deadlock_with_itself");
    own.expect_counts("of its own", 1, 1);
    assert_eq!(own.result("deadlock").contentions(), 2, "{rows}");
}

#[test]
fn spin_locks_are_counted_with_their_waits_and_holds() {
    let run = Program::exact("spin_exact").compare();
    let rows = run.profile();
    assert_eq!(rows.texts(label::LOCK_KIND), ["spin"], "{rows}");
    assert_eq!(rows.texts(label::LOCK_NAME), ["shared_spin"], "{rows}");
    rows.at("spin_once").expect_counts("of workers", 300, 300);
    assert_eq!(
        rows.at("try_busy").result("busy").contentions(),
        1,
        "{rows}"
    );
    let wait = rows.at("wait_long");
    wait.expect_close("the wait", wait.wait_ns(), run.truth("waited_ns"), 10);
    let hold = rows.at("hold_long");
    hold.expect_close("the hold", hold.hold_ns(), run.truth("held_ns"), 5);
    let known = wait.with(label::BLOCKING_SITE, "hold_long").wait_ns();
    wait.expect_close("the wait put down to the holder", known, wait.wait_ns(), 10);
}

#[test]
fn kinds_that_are_not_asked_for_are_left_alone() {
    let program = |locks| Program::exact("rwlock_exact").env("LOCKPROF_LOCKS", locks);
    let rows = program("rwlock").compare().profile();
    rows.at("write_once").expect_counts("of writers", 200, 200);
    assert!(program("mutex,spin").compare().files().is_empty());
}
