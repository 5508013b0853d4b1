//! What a program that lives long has more of with us than without: memory, descriptors, mappings.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::time::Duration;

use support::build;
use support::program::{Program, Run};
use support::receiver::{Act, Receiver};
use support::scratch::Scratch;

/// Each has four threads, and every 128th a profile: after a quarter of them every table of
/// ours is as large as it gets.
const ROUNDS: u32 = 6000;
/// What resident memory may differ by from one look to another: pages that a profile under
/// construction has just touched.
const NOISE_KIB: i64 = 3 << 10;
/// All that we may ever take.
const WHOLE_KIB: i64 = 24 << 10;

fn lives_long() -> Program {
    Program::exact("lives_long")
        .args([&ROUNDS.to_string(), "0"])
        .args([build::shared_library("tls_library")])
        .within(Duration::from_secs(300))
}

/// The largest of the last quarter of the looks, beyond the largest of the second.
fn growth(run: &Run, key: &str) -> i64 {
    let looks = run.truths(key);
    assert_eq!(looks.len(), 16, "{key}: {looks:?}");
    let largest = |from: usize, to: usize| looks[from..to].iter().max().copied().unwrap();
    largest(12, 16) - largest(4, 8)
}

#[test]
fn a_program_that_lives_long_does_not_grow_because_of_us() {
    let spool = Scratch::new();
    // One that answers: a flush waits for what does not arrive.
    let receiver = Receiver::tcp(&[Act::Answer(200, "")]);
    let run = lives_long()
        .env("LOCKPROF_INTERVAL", "1s")
        .env("LOCKPROF_CONTROL", "1")
        .env("LOCKPROF_SINK", "file,prometheus,parca")
        .env("LOCKPROF_PARCA_URL", receiver.url())
        .env("LOCKPROF_PROMETHEUS_FILE", spool.path().to_str().unwrap())
        .env("LOCKPROF_SPOOL", spool.path().to_str().unwrap())
        .run();
    run.expect_success();
    let alone = lives_long().run_alone();
    alone.expect_success();
    for key in ["descriptors", "mappings"] {
        let (with, without) = (growth(&run, key), growth(&alone, key));
        // A receiver's socket, or a file, that happens to be open.
        assert!(with <= without + 2, "{key}: {with} more, {without} without");
    }
    let own = growth(&run, "own_kib");
    let resident = growth(&run, "resident_kib");
    assert!(
        resident <= own + NOISE_KIB,
        "{resident} KiB more, {own} of them the program's: {:?}",
        run.truths("resident_kib")
    );
    let largest = run.truths("resident_kib").into_iter().max().unwrap();
    let without = alone.truths("resident_kib").into_iter().max().unwrap();
    assert!(
        largest - without < WHOLE_KIB,
        "{largest} instead of {without} KiB"
    );
    // What each of its threads took stands there, if only in the row of all others.
    let rows = run.profile();
    let (seen, lost) = (rows.acquires(), rows.lost(" acquisitions"));
    let taken = 7 * 4 * i64::from(ROUNDS);
    assert!(seen + lost >= taken, "{seen} and {lost} lost of {taken}");
}
