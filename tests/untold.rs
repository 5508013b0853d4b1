//! What threads and stacks go through that nobody tells us of: cancelled anywhere, gone, of real time, stopped.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;
use std::thread;
use std::time::Duration;

use contract::sample_type::label;
use support::build;
use support::program::Program;

#[test]
fn threads_cancelled_at_any_instruction_leave_nothing_that_others_wait_for() {
    for seed in ["1", "2", "3"] {
        for program in [
            Program::exact("cancelled_anywhere"),
            Program::sampled("cancelled_anywhere"),
        ] {
            let run = program
                .args([seed, "1500"])
                .within(Duration::from_secs(60))
                .compare();
            assert!(!run.profile().at("take_afterwards").is_empty());
        }
        let rows = Program::exact("cancelled_anywhere")
            .args([seed, "300"])
            .run()
            .profile();
        rows.at("take_afterwards")
            .expect_counts("of who stayed", 20_000, 20_000);
    }
}

#[test]
fn a_stack_of_which_a_part_is_gone_is_not_read_beyond_it() {
    let rows = Program::exact("stack_gone").compare().profile();
    rows.at("take").expect_counts("on all stacks", 40, 40);
}

/// What may give threads a priority.
fn as_root() -> Program {
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    if is_root {
        Program::at("env")
    } else {
        Program::at("sudo").args(["-n", "--preserve-env", "env"])
    }
}

#[test]
fn a_program_of_real_time_on_one_processor_goes_on_and_we_do_not_join_it() {
    let program = build::program("real_time");
    let preload = format!("LD_PRELOAD={}", build::library().display());
    for sample in ["1", "100"] {
        // Also one that is so from the start, as under chrt.
        for before in [&["--other", "0"], &["--fifo", "10"]] {
            let run = as_root()
                .sample(sample)
                .args(["chrt"])
                .args(before)
                .args(["env", &preload])
                .args([&program])
                .within(Duration::from_secs(60))
                .run_alone();
            run.expect_success();
            assert_eq!(run.stderr, "");
            assert_eq!(run.truth("foreign_in_real_time"), 0);
            let files = run.files();
            let rows = support::profile::Rows::read(&files[0]);
            assert!(rows.acquires() > 0, "{rows}");
            if sample == "1" {
                let (seen, lost) = (rows.acquires(), rows.lost(" acquisitions"));
                assert_eq!(seen + lost, 6 * 20_000, "{lost} lost\n{rows}");
            }
        }
    }
}

#[test]
fn a_program_that_is_stopped_for_a_while_goes_on_as_if_it_had_not_been() {
    let program = Program::exact("locks_for_a_while").args(["1500"]);
    let started = program.start(true);
    let signal = |name: &str| {
        let pid = started.id().to_string();
        let sent = Command::new("kill").args([name, &pid]).status();
        assert!(sent.unwrap().success());
    };
    for _ in 0..20 {
        thread::sleep(Duration::from_millis(20));
        signal("-STOP");
        thread::sleep(Duration::from_millis(20));
        signal("-CONT");
    }
    let run = started.wait(Duration::from_secs(20));
    run.expect_success();
    assert_eq!(run.stderr, "");
    assert!(run.profile().acquires() > 0);
}

#[test]
fn waits_and_holds_that_a_stop_strikes_are_as_long_as_the_program_saw_them() {
    const STOP: Duration = Duration::from_millis(2500);
    let program = Program::exact("taken_over_seconds");
    let started = program.start(true);
    let pid = started.id().to_string();
    let signal = |name: &str| {
        let sent = Command::new("kill").args([name, &pid]).status();
        assert!(sent.unwrap().success());
    };
    thread::sleep(Duration::from_millis(500));
    signal("-STOP");
    thread::sleep(STOP);
    signal("-CONT");
    let run = started.wait(Duration::from_secs(30));
    run.expect_success();
    assert_eq!(run.stderr, "");
    let rows = run.profile();
    let waited = run.truth("waited_ns") + run.truth("in_vain_ns");
    rows.expect_close("waiting", rows.wait_ns(), waited, 10);
    let outer = rows.at("take_outer");
    rows.expect_close("holding", outer.hold_ns(), run.truth("held_ns"), 10);
    // One of the two held the lock then, and the other waited, but for one millisecond in 13.
    let stop_ns = i64::try_from(STOP.as_nanos()).unwrap();
    assert!(
        outer.hold_ns() > stop_ns || outer.wait_ns() > stop_ns,
        "{rows}"
    );
    // Told by the power of two below it, and by itself where others are in its row.
    let of_one = rows.numbers(label::DURATION_BUCKET);
    let all = rows.numbers(label::DURATION_MAX).into_iter().chain(of_one);
    let longest = all.max().unwrap();
    let elapsed_ns = i64::try_from(run.elapsed.as_nanos()).unwrap();
    assert!(
        (stop_ns / 2..elapsed_ns).contains(&longest),
        "{longest}\n{rows}"
    );
}

#[test]
fn a_program_whose_clock_is_weeks_ahead_of_the_machines_is_profiled_as_without() {
    let preload = format!("LD_PRELOAD={}", build::library().display());
    let run = Program::at("unshare")
        .args(["--user", "--map-root-user", "--time", "--fork"])
        .args(["--monotonic", "3000000", "--boottime", "3000000", "env"])
        .args([preload])
        .args([build::program("taken_over_seconds")])
        .sample("1")
        .run_alone();
    run.expect_success();
    assert_eq!(run.stderr, "");
    let files = run.files();
    assert_eq!(files.len(), 1, "{files:?}");
    let profile = support::profile::decode(&files[0]);
    let elapsed_ns = i64::try_from(run.elapsed.as_nanos()).unwrap();
    assert!(profile.duration_ns <= elapsed_ns, "{}", profile.duration_ns);
    let rows = support::profile::Rows::read(&files[0]);
    let waited = run.truth("waited_ns") + run.truth("in_vain_ns");
    rows.expect_close("waiting", rows.wait_ns(), waited, 10);
}
