//! The limit on what sampling may take: it spares the thread that locks fast, and nobody's numbers.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use support::program::Program;

/// How many acquisitions the fast thread got done in its half second.
fn done_with(limit: &str) -> i64 {
    let run = Program::sampled("throttled")
        .sample("2")
        .env("LOCKPROF_CPU_LIMIT", limit)
        .run();
    run.expect_success();
    let (fast, slow) = (run.truth("fast"), run.truth("slow"));
    let rows = run.profile();
    // Whatever the throttle does, weights are fixed when drawn: no bias.
    let seen = rows.at("take_fast").acquires() + rows.lost(" acquisitions");
    rows.expect_close("acquisitions of the fast thread", seen, fast, 25);
    // The limit is each thread's own: this one is never near it. Of some 1,500
    // acquisitions half are sampled, so two in a hundred is one standard error.
    let seen = rows.at("take_slowly").acquires();
    rows.expect_close("acquisitions of the slow thread", seen, slow, 20);
    fast
}

#[test]
fn a_thread_that_locks_fast_is_hardly_slowed_and_still_counted() {
    let alone = Program::sampled("throttled").run_alone().truth("fast");
    let (limited, unlimited) = (done_with("0.5"), done_with("0"));
    // Every second acquisition sampled costs many times the acquisition itself;
    // limited, nearly nothing. Wide margins: other programs run meanwhile.
    assert!(
        limited > 3 * unlimited,
        "{limited} with a limit, {unlimited} without"
    );
    assert!(
        limited * 10 > alone * 4,
        "{limited} with a limit, {alone} without us"
    );
}
