//! Debian's Python: its locks, which are semaphores, with their counts, waits and holds.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;

use contract::sample_type::label;
use support::build;
use support::profile::{Row, Rows};
use support::program::Program;

fn python() -> Program {
    python_with("locks.py")
}

/// Debian's Python at work on one of our scripts.
fn python_with(script: &str) -> Program {
    // Profiles are named after the file, not after the link to it.
    let python = fs::canonicalize("/usr/bin/python3").unwrap();
    Program::at(python)
        .sample("1")
        .args([build::root().join("c-tests/python").join(script)])
}

/// What these threads did with semaphores.
fn of_threads(rows: &Rows, threads: &[i64]) -> Rows {
    let is_one = |id: i64| threads.contains(&id);
    rows.with(label::LOCK_KIND, "semaphore").filter(|row| {
        row.sample
            .number(label::THREAD_NATIVE_ID)
            .is_some_and(is_one)
    })
}

#[test]
fn locks_and_recursive_locks_of_python_have_exact_counts_and_holds() {
    let run = python().compare();
    let rows = run.profile();
    let workers = of_threads(&rows, &run.truths("worker"));
    for what in ["plain", "recursive"] {
        let count = run.truth(what);
        let locks = workers.texts(label::LOCK);
        let mut locks = locks.iter().map(|lock| workers.with(label::LOCK, lock));
        let lock = locks.find(|lock| lock.acquires() == count);
        let lock = lock.unwrap_or_else(|| panic!("no {count} of {what}\n{workers}"));
        lock.expect_counts(what, count, count);
        assert!(lock.hold_ns() > 0, "{lock}");
        assert_eq!(lock.numbers(label::THREAD_NATIVE_ID).len(), 3, "{lock}");
    }
    assert_eq!(rows.lost("for"), 0, "{rows}");
}

#[test]
fn a_lock_of_python_that_is_held_long_is_waited_for_as_long() {
    let run = python().run();
    let rows = run.profile();
    let is_long = |row: &Row| row.sample.values[1].max(row.sample.values[3]) > 250_000_000;
    let wait = of_threads(&rows, &run.truths("waiter"))
        .filter(|row| is_long(row) && row.sample.values[1] > 0);
    wait.expect_close("wait", wait.wait_ns(), run.truth("waited_ns"), 10);
    assert_eq!(wait.contentions(), 1, "{wait}");
    assert_eq!(wait.texts(label::BLOCKING_SITE).len(), 1, "{wait}");
    let by = wait.numbers(label::BLOCKING_THREAD_ID);
    assert_eq!(by, run.truths("holder"), "{wait}");

    let lock = rows.with(label::LOCK, &wait.texts(label::LOCK)[0]);
    let hold = of_threads(&lock, &run.truths("holder")).filter(is_long);
    hold.expect_close("hold", hold.hold_ns(), run.truth("held_ns"), 10);
    assert_eq!(hold.releases(), 1, "{hold}");
}

#[test]
fn a_demo_of_pythons_recursive_lock_is_shown_as_it_counts_itself_and_thread_by_thread() {
    let run = python_with("rlock_simple_demo.py").run();
    assert!(run.status.success(), "{}{}", run.stdout, run.stderr);
    let workers = run.profile().filter(|row| {
        let name = row.sample.text(label::THREAD_NAME).unwrap_or_default();
        name.starts_with("Simple-") || name.starts_with("Reentrant-")
    });
    // Nested acquisitions are Python's own business.
    let outermost = run.truth("acquisitions") - run.truth("nested");
    let locks = workers.texts(label::LOCK);
    let mut locks = locks.iter().map(|lock| workers.with(label::LOCK, lock));
    let lock = locks.find(|lock| lock.texts(label::THREAD_NAME).len() == 10 && lock.wait_ns() > 0);
    let lock = lock.unwrap_or_else(|| panic!("no lock of ten threads\n{workers}"));
    lock.expect_counts("of the demo's lock", outermost, outermost);
    lock.expect_close("waits", lock.wait_ns(), run.truth("waited_ns"), 10);
    lock.expect_close("holds", lock.hold_ns(), run.truth("held_ns"), 10);
}
