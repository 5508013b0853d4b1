//! Debian's OpenSSL in threads: its read-write locks, readers and writers apart, at exact counts.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use contract::sample_type::label;
use support::build;
use support::profile::Rows;
use support::program::{Program, Run};

fn exact() -> Program {
    // The package libssl-dev.
    let program = build::program_using("openssl_threads", &["-lcrypto"]);
    Program::at(program).sample("1")
}

fn of_kind(rows: &Rows, kind: &str) -> Rows {
    rows.with(label::LOCK_KIND, kind)
}

/// Fails unless the locks that the program takes itself are there, every time.
fn expect_own(rows: &Rows, run: &Run) {
    let rounds = run.truth("rounds");
    let (readers, writers) = (of_kind(rows, "rwlock-read"), of_kind(rows, "rwlock-write"));
    let read = readers.through("read_shared");
    assert_eq!(
        (read.acquires(), read.texts(label::LOCK).len()),
        (2 * rounds, 1),
        "{read}"
    );
    let written = writers.through("write_shared");
    assert_eq!(written.acquires(), rounds, "{written}");
    // Who releases says nothing of how it was taken; that is remembered.
    assert_eq!(
        (read.releases(), written.releases()),
        (2 * rounds, rounds),
        "{rows}"
    );
}

#[test]
fn openssls_locks_are_read_and_written_as_often_as_it_takes_them() {
    let run = exact().compare();
    let (rows, rounds) = (run.profile(), run.truth("rounds"));
    expect_own(&rows, &run);
    let store = of_kind(&rows, "rwlock-write").through("use_store");
    store.expect_counts("of the store", rounds, rounds);
    // To find a digest takes the same locks each time.
    let found = of_kind(&rows, "rwlock-read").through("fetch_digest");
    assert!(found.acquires() >= rounds, "{found}");
    assert_eq!(found.acquires() % rounds, 0, "{found}");
    assert_eq!(found.acquires(), found.releases(), "{found}");
    assert_eq!(rows.lost(""), 0, "{rows}");
}

#[test]
fn a_reader_that_waits_for_openssls_lock_waits_for_its_writer() {
    let run = exact().compare();
    let rows = of_kind(&run.profile(), "rwlock-read");
    let wait = rows.through("wait_to_read");
    wait.expect_close("wait", wait.wait_ns(), run.truth("waited_ns"), 10);
    assert_eq!(wait.contentions(), 1, "{wait}");
    let sites = wait.texts(label::BLOCKING_SITE);
    assert_eq!(sites, ["hold_shared"], "{wait}");
}

#[test]
fn openssls_own_locks_can_be_left_out_but_not_what_others_take_through_it() {
    let run = exact().env("LOCKPROF_EXCLUDE", "libcrypto").compare();
    let rows = run.profile();
    expect_own(&rows, &run);
    assert!(rows.through("fetch_digest").is_empty(), "{rows}");
    assert!(rows.through("X509_STORE_lock").is_empty(), "{rows}");
}
