//! Ends without exit handlers, and children that come about in unusual ways.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::time::Duration;

use support::program::{Program, Run};

/// Runs it as `how` says; status and output must be those without us.
fn end_by(how: &str, sample: &str) -> Run {
    let program = Program::exact("ends_suddenly").sample(sample).args([how]);
    let alone = program.run_alone();
    assert!(!alone.status.success(), "{how}: {}", alone.status);
    let run = program.run();
    run.expect_same(&alone);
    run
}

#[test]
fn a_sudden_end_is_the_same_and_leaves_a_whole_profile_or_none() {
    for how in ["_exit", "abort", "assert", "terminated", "fault"] {
        for sample in ["1", "100"] {
            let run = end_by(how, sample);
            // Reading one fails unless it is whole.
            for (_, rows) in run.profiles() {
                assert!(rows.acquires() > 0, "{how}: {rows}");
            }
        }
    }
}

#[test]
fn quick_exit_writes_a_profile_behind_the_programs_own_handlers() {
    let rows = end_by("quick_exit", "1").profile();
    assert_eq!(
        rows.thread("Keeps").through("keep").acquires(),
        11,
        "{rows}"
    );
    rows.through("take_at_quick_exit")
        .expect_counts("of the handler", 1, 1);
}

#[test]
fn exit_from_a_thread_while_others_hold_and_wait_writes_a_profile() {
    let rows = end_by("exit in a thread", "1").profile();
    assert_eq!(
        rows.thread("Keeps").through("keep").acquires(),
        11,
        "{rows}"
    );
}

#[test]
fn a_child_by_a_bare_clone_tells_nothing_of_its_parent_and_waits_for_nobody() {
    let run = Program::exact("bare_clone").compare();
    let rows = run.profile();
    rows.through("parent_work")
        .expect_counts("of the parent", 10, 10);
    assert!(rows.through("child_work").is_empty(), "{rows}");
}

#[test]
fn a_handler_may_fork_wherever_it_interrupts() {
    for program in [
        Program::exact("fork_in_handler"),
        Program::sampled("fork_in_handler"),
    ] {
        assert!(!program.compare().files().is_empty());
    }
}

#[test]
fn handlers_of_a_fork_lock_as_before() {
    let run = Program::exact("forks_in_order").compare();
    let mut profiles = run.profiles();
    profiles.retain(|(_, rows)| !rows.at("before_fork").is_empty());
    assert_eq!(profiles.len(), 1, "{:?}", run.files());
    let rows = &profiles[0].1;
    assert_eq!(rows.at("before_fork").acquires(), 20, "{rows}");
    assert_eq!(
        rows.at("have_child")
            .thread("Forks")
            .lock("held")
            .acquires(),
        20,
        "{rows}"
    );
    assert!(rows.through("child_work").is_empty(), "{rows}");
}

#[test]
fn taking_a_lock_is_no_place_to_be_cancelled() {
    for program in [
        Program::exact("cancelled_before_locking"),
        Program::sampled("cancelled_before_locking"),
    ] {
        assert!(program.compare().profile().acquires() > 0);
    }
}

/// Jumps of one thread that goes on, and threads that end with one.
const JUMPS: i64 = 1500 + 300;

#[test]
fn handlers_that_jump_out_of_us_anywhere_cost_what_is_counted_and_hold_nobody_up() {
    let run = Program::exact("jumps_out_anywhere")
        .within(Duration::from_secs(60))
        .compare();
    let rows = run.profile();
    assert_eq!(run.truth("jumps"), JUMPS);
    // The call that a handler jumped out of may be told, or not.
    let (seen, done, tried) = (
        rows.at("churn").acquires(),
        run.truth("done"),
        run.truth("tried"),
    );
    assert!((done..=tried).contains(&seen), "{done} {seen} {tried}");
    let left = rows.lost(" calls (a signal handler jumped");
    assert!((1..=JUMPS).contains(&left), "{left}");
    // The thread that goes on is one that is profiled.
    assert_eq!(rows.lost("inside the profiler"), 0);
    assert_eq!(rows.lost("queue full"), 0);
    rows.at("take_afterwards")
        .thread("Afterwards")
        .expect_counts("afterwards", 10_000, 10_000);
}

#[test]
fn handlers_that_jump_out_of_us_do_not_end_a_sampled_profile() {
    let run = Program::sampled("jumps_out_anywhere")
        .within(Duration::from_secs(60))
        .compare();
    assert!(run.profile().at("take_afterwards").acquires() > 0);
}

#[test]
fn jumping_out_of_sections_and_waits_leaves_the_thread_as_it_was() {
    let rows = Program::exact("jumps_out").compare().profile();
    rows.at("take_as_before")
        .thread("Jumps")
        .expect_counts("afterwards", 20, 20);
    assert_eq!(rows.at("jump_out_of_section").acquires(), 20, "{rows}");
}
