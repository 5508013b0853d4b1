//! fork, exec, daemons, other programs and sudden ends.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use support::profile::Rows;
use support::program::{Program, Run, files_in};

/// Asks until there is an answer, for at most ten seconds.
fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(
            begin.elapsed() < Duration::from_secs(10),
            "not within ten seconds: {what}"
        );
        thread::sleep(Duration::from_millis(10));
    }
}

/// The profile of one process.
fn of_process(run: &Run, pid: i64) -> Rows {
    let mut mine: Vec<Rows> = run
        .profiles()
        .into_iter()
        .filter(|(writer, _)| i64::from(*writer) == pid)
        .map(|(_, rows)| rows)
        .collect();
    assert_eq!(
        mine.len(),
        1,
        "profiles of process {pid} in {:?}",
        run.files()
    );
    mine.remove(0)
}

#[test]
fn forty_forked_children_leave_as_they_wish() {
    let run = Program::exact("fork_children_leave").compare();
    let profiles = run.profiles();
    let (parents, children): (Vec<_>, Vec<_>) = profiles
        .iter()
        .partition(|(_, rows)| !rows.at("parent_work").is_empty());
    assert_eq!(
        parents.len(),
        1,
        "profiles with the parent's work in {:?}",
        run.files()
    );
    let rows = &parents[0].1;
    let taken = run.truth("taken");
    rows.at("parent_work")
        .expect_counts("of the parent", taken, taken);
    assert!(rows.at("child_work").is_empty(), "{rows}");
    // A child that leaves by _exit may or may not have written one.
    for (_, rows) in children {
        rows.expect_counts("of a child", 3, 3);
    }
}

#[test]
fn a_forked_child_that_goes_on_has_a_profile_of_its_own() {
    let run = Program::exact("fork_child_goes_on").compare();
    assert_eq!(run.profiles().len(), 2, "{:?}", run.files());
    let child = of_process(&run, run.truth("child_pid"));
    child.at("child_work").expect_counts("of the child", 40, 40);
    child
        .thread("Child-1")
        .expect_counts("of its first thread", 20, 20);
    assert!(child.at("parent_work").is_empty(), "{child}");
    let parent = of_process(&run, run.truth("parent_pid"));
    parent
        .at("parent_work")
        .expect_counts("of the parent", 20, 20);
    assert!(parent.at("child_work").is_empty(), "{parent}");
    parent
        .lock("held_over_fork")
        .expect_counts("over the fork", 1, 1);
}

#[test]
fn a_program_that_replaces_itself_starts_anew() {
    let run = Program::exact("exec_while_threaded").compare();
    let second: Vec<Rows> = run
        .profiles()
        .into_iter()
        .map(|(_, rows)| rows)
        .filter(|rows| !rows.at("second_image").is_empty())
        .collect();
    assert_eq!(second.len(), 1, "{:?}", run.files());
    second[0].expect_counts("of the second program", 5, 5);
}

#[test]
fn a_daemon_writes_what_it_did_itself() {
    let program = Program::exact("becomes_a_daemon");
    let alone = program.run_alone();
    let run = program.run();
    run.expect_same(&alone);
    run.expect_success();
    let pid = eventually("the daemon starts", || {
        let truth = fs::read_to_string(run.home().join("truth")).ok()?;
        let pid = truth
            .lines()
            .find_map(|line| line.strip_prefix("daemon_pid "))?;
        truth.contains("daemon_done").then(|| pid.to_owned())
    });
    let mark = format!(".{pid}.");
    eventually("the daemon's profile", || {
        let named = |path: &Path| path.to_string_lossy().contains(&mark);
        run.files()
            .iter()
            .any(|path| named(path) && path.extension().is_some_and(|e| e == "gz"))
            .then_some(())
    });
    let rows = of_process(&run, pid.parse().unwrap());
    rows.expect_counts("of the daemon", 20, 20);
    rows.at("after_daemon")
        .thread("After")
        .expect_counts("of the daemon's thread", 20, 20);
    for (writer, rows) in run.profiles() {
        if writer.to_string() != pid {
            rows.expect_counts("of what became a daemon", 10, 10);
        }
    }
}

#[test]
fn the_last_periodic_profile_survives_a_kill() {
    let started = Program::exact("runs_until_killed")
        .env("LOCKPROF_INTERVAL", "1s")
        .start(true);
    let directory = started.profiles();
    let profile = || {
        files_in(&directory)
            .into_iter()
            .find(|path| path.extension().is_some_and(|e| e == "gz"))
    };
    let first = eventually("a first profile", profile);
    let early = Rows::read(&first).acquires();
    let later = eventually("a later profile with more in it", || {
        let now = Rows::read(&first).acquires();
        (now > early).then_some(now)
    });
    let run = started.kill();
    let rows = run.profile();
    assert!(rows.acquires() >= later, "{rows}");
    rows.at("work_for_ever").thread("Worker").expect_counts(
        "of the worker",
        rows.acquires(),
        rows.releases(),
    );
    assert!((rows.acquires() - rows.releases()).abs() <= 1, "{rows}");
}

#[test]
fn programs_that_are_started_leave_no_trace() {
    let run = Program::exact("starts_programs").compare();
    let taken = run.truth("taken");
    run.profile()
        .at("parent_work")
        .expect_counts("of the parent", taken, taken);
}
