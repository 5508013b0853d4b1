//! Commands from outside: over the control socket, and by signal.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::io::{Read, Write};
use std::process::Command;
use std::time::{Duration, Instant};

use contract::comment::{self, OFF};
use contract::control::Request;
use support::control::{
    ask, connect, last_truth, name, profile, queues, say, status, tell, until, until_reachable,
};
use support::program::{Program, Started};

/// Debian's: others may lie where another user may not go.
const PYTHON: &str = "/usr/bin/python3";
const LIMIT: Duration = Duration::from_secs(30);

fn controlled(name: &str) -> Program {
    Program::exact(name).env("LOCKPROF_CONTROL", "1")
}

/// How many acquisitions the program has counted itself.
fn so_far(program: &Started) -> i64 {
    until("truth", || last_truth(program, "so_far"))
}

fn until_more(program: &Started, more: i64) -> i64 {
    let wanted = so_far(program) + more;
    until("progress", || {
        Some(so_far(program)).filter(|so_far| *so_far >= wanted)
    })
}

#[test]
fn who_waits_and_who_holds_is_told() {
    let program = controlled("fights_until_told").start(true);
    let pid = program.id();
    until_reachable(pid);
    let kept = until("queue of two", || {
        queues(pid)
            .into_iter()
            .find(|queue| queue.name == "kept" && queue.waiting == 2)
    });
    assert_eq!(
        (kept.kind.as_str(), kept.holder_name.as_str()),
        ("mutex", "Keeper")
    );
    assert!(
        kept.taken_in == "keep" && kept.held_ns >= kept.waited_ns,
        "{kept:?}"
    );
    let task = format!("/proc/{pid}/task/{}", kept.holder);
    assert!(std::path::Path::new(&task).exists(), "{task}");
    let later = queues(pid).into_iter().find(|queue| queue.name == "kept");
    let later = later.unwrap();
    assert!(later.held_ns > kept.held_ns && later.waited_ns > kept.waited_ns);
    tell(&program, "stop");
    program.wait(LIMIT).expect_success();
}

#[test]
fn the_profile_as_of_now_has_everything_so_far() {
    let program = controlled("fights_until_told").start(true);
    let pid = program.id();
    until_reachable(pid);
    for _ in 0..3 {
        let before = until_more(&program, 100);
        let rows = profile(pid);
        let after = until_more(&program, 1);
        let taken = rows.lock("fought_for").acquires();
        // Four threads may be between their acquisition and their count.
        let truth = before..=after + 4;
        assert!(truth.contains(&taken), "{taken} not in {truth:?}\n{rows}");
        assert_eq!(
            comment::find(&rows.comments, comment::PID),
            Some(pid.to_string().as_str())
        );
    }
    tell(&program, "stop");
    let run = program.wait(LIMIT);
    run.expect_success();
    let taken = run.profile().lock("fought_for").acquires();
    assert_eq!(taken, run.truth("taken"));
}

#[test]
fn after_off_nothing_is_counted_until_on() {
    let program = controlled("fights_until_told").start(true);
    let pid = program.id();
    until_reachable(pid);
    until_more(&program, 100);
    let begin = Instant::now();
    ask(pid, Request::Off).unwrap();
    let answered = Instant::now();
    assert_eq!(status(pid, "state").unwrap(), "off");
    // Who was inside by then comes out.
    until_more(&program, 100);
    let off = profile(pid).acquires();
    until_more(&program, 1000);
    assert_eq!(profile(pid).acquires(), off);
    let shortest = answered.elapsed();
    ask(pid, Request::On).unwrap();
    let longest = begin.elapsed();
    assert_eq!(status(pid, "state").unwrap(), "on");
    until_more(&program, 1000);
    assert!(profile(pid).acquires() >= off + 900);
    tell(&program, "stop");
    let run = program.wait(LIMIT);
    run.expect_success();
    let rows = run.profile();
    assert!(rows.acquires() <= run.truth("taken") + 10 - 1000, "{rows}");
    let said = comment::find(&rows.comments, OFF).unwrap();
    let time = said.strip_prefix("1 times, ").unwrap();
    let time_ns: u64 = time.strip_suffix(" ns in all").unwrap().parse().unwrap();
    let time = Duration::from_nanos(time_ns);
    assert!(
        shortest <= time && time <= longest,
        "{shortest:?} {time:?} {longest:?}"
    );
}

#[test]
fn a_signal_switches_off_and_on() {
    let program = controlled("fights_until_told")
        .env("LOCKPROF_SIGNAL", "SIGRTMIN+3")
        .start(true);
    let pid = program.id();
    until_reachable(pid);
    for state in ["off", "on", "off"] {
        let signal = Command::new("kill")
            .args(["-RTMIN+3", &pid.to_string()])
            .status();
        assert!(signal.unwrap().success());
        until(state, || {
            (status(pid, "state").ok()? == state).then_some(())
        });
    }
    tell(&program, "stop");
    let run = program.wait(LIMIT);
    run.expect_success();
    assert_eq!(run.stderr, "");
    let said = comment::find(&run.profile().comments, OFF).map(str::to_owned);
    assert!(
        said.as_ref()
            .is_some_and(|said| said.starts_with("2 times")),
        "{said:?}"
    );
}

#[test]
fn without_the_option_nothing_is_open_and_nothing_listens() {
    let program = Program::exact("fights_until_told").start(true);
    let pid = program.id();
    until_more(&program, 100);
    assert!(connect(pid).is_err());
    assert_eq!(sockets(pid), 0);
    tell(&program, "stop");
    program.wait(LIMIT).expect_success();
}

/// Sockets among the descriptors of a process.
fn sockets(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd"))
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
        .filter(|target| target.to_string_lossy().starts_with("socket:"))
        .count()
}

#[test]
fn nonsense_is_answered_by_an_error_or_not_at_all() {
    let program = controlled("fights_until_told").start(true);
    let pid = program.id();
    until_reachable(pid);
    let answer = say(pid, "no such thing\n").unwrap();
    assert_eq!(answer, Err("unknown request: no such thing".to_owned()));
    assert!(say(pid, &"x".repeat(5000)).is_err());
    assert!(say(pid, &format!("{}\n", "x".repeat(64))).is_err());
    // Whoever goes away before the answer does no harm, nor does a line in pieces.
    for _ in 0..20 {
        connect(pid).unwrap().write_all(b"profile\n").unwrap();
    }
    let mut stream = connect(pid).unwrap();
    for piece in ["sta", "tus", "\n"] {
        stream.write_all(piece.as_bytes()).unwrap();
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("lockprof 1 OK "), "{answer}");
    tell(&program, "stop");
    program.wait(LIMIT).expect_success();
}

#[test]
fn a_client_that_says_nothing_holds_up_neither_others_nor_the_end() {
    let program = controlled("fights_until_told").start(true);
    let pid = program.id();
    until_reachable(pid);
    let silent = connect(pid).unwrap();
    // Its turn comes when the silent one has been sent away.
    assert_eq!(status(pid, "state").unwrap(), "on");
    drop(silent);
    let mut silent = connect(pid).unwrap();
    tell(&program, "stop");
    let run = program.wait(LIMIT);
    run.expect_success();
    assert_eq!(
        run.profile().lock("fought_for").acquires(),
        run.truth("taken")
    );
    let mut answer = Vec::new();
    let _ = silent.read_to_end(&mut answer);
    assert_eq!(answer, b"");
}

#[test]
fn another_user_is_sent_away_without_a_word() {
    let program = controlled("fights_until_told").start(true);
    let pid = program.id();
    until_reachable(pid);
    let script = "import socket, sys; s = socket.socket(socket.AF_UNIX)\n\
                  s.connect('\\0' + sys.argv[1])\n\
                  try:\n s.sendall(b'off\\n'); print(s.recv(100))\n\
                  except ConnectionError: print(b'')";
    let user = std::fs::metadata("/proc/self").unwrap();
    let is_root = std::os::unix::fs::MetadataExt::uid(&user) == 0;
    let mut command = Command::new(if is_root { "setpriv" } else { "sudo" });
    if !is_root {
        command.args(["-n", "setpriv"]);
    }
    let output = command
        .args(["--reuid=65534", "--clear-groups", PYTHON, "-c", script])
        .arg(name(pid))
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "b''\n",
        "{output:?}"
    );
    assert_eq!(status(pid, "state").unwrap(), "on");
    assert_eq!(status(pid, "refused").unwrap(), "1");
    tell(&program, "stop");
    program.wait(LIMIT).expect_success();
}

#[test]
fn a_forked_child_has_a_socket_of_its_own_and_none_of_its_parents() {
    let program = controlled("controlled").args(["forks"]).start(true);
    let parent = program.id();
    until_reachable(parent);
    tell(&program, "go");
    let child = until("child", || last_truth(&program, "child"));
    let child = u32::try_from(child).unwrap();
    until_reachable(child);
    for pid in [parent, child] {
        assert_eq!(status(pid, "pid").unwrap(), pid.to_string());
        until("one socket", || (sockets(pid) == 1).then_some(()));
    }
    ask(child, Request::Off).unwrap();
    assert_eq!(status(child, "state").unwrap(), "off");
    assert_eq!(status(parent, "state").unwrap(), "on");
    tell(&program, "stop");
    program.wait(LIMIT).expect_success();
}

#[test]
fn a_program_that_closes_all_descriptors_goes_on_without_the_socket() {
    let program = controlled("controlled").args(["closes"]).start(true);
    let pid = program.id();
    until_reachable(pid);
    // What we read to name things is read: whose numbers are whose meanwhile is chance.
    until("names", || {
        Some(profile(pid).at("work")).filter(|rows| !rows.is_empty())
    });
    tell(&program, "go");
    until("closing", || last_truth(&program, "closed"));
    until("end of the socket", || connect(pid).err());
    tell(&program, "stop");
    let run = program.wait(LIMIT);
    run.expect_success();
    assert_eq!(run.stderr, "");
    assert!(run.profile().at("work").acquires() > 0);
}

#[test]
fn few_descriptors_are_enough() {
    let program = build_limited();
    let pid = program.id();
    until_reachable(pid);
    assert_eq!(sockets(pid), 1);
    tell(&program, "stop");
    program.wait(LIMIT).expect_success();
}

/// The program under `ulimit -n 12`, in the shell's place.
fn build_limited() -> Started {
    let program = support::build::program("fights_until_told");
    let line = format!("ulimit -n 12; exec {}", program.display());
    Program::at("/bin/sh")
        .sample("1")
        .env("LOCKPROF_CONTROL", "1")
        .args(["-c", &line])
        .start(true)
}
