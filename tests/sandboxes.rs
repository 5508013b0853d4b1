//! Programs that allow themselves only some system calls, and which ones we make.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use support::build;
use support::control::{ask, until_reachable};
use support::program::{Program, Run};
use support::receiver::{Act, Receiver};
use support::scratch::Scratch;

/// What the program takes before its filter, and behind it, at least.
const BEFORE: i64 = 500;
const BEHIND: i64 = 3000;

fn filtering(arguments: &[&str]) -> Program {
    let program = build::program_using("filters_itself", &["-lseccomp", "-lpthread"]);
    Program::at(program).sample("1").args(arguments)
}

/// It went on as alone, said why its profile ends, and that has what came before.
fn expect_an_end_before_the_filter(arguments: &[&str], call: &str) {
    let program = filtering(arguments);
    let (alone, run) = (program.run_alone(), program.run());
    alone.expect_success();
    run.expect_success();
    assert_eq!(run.stdout, alone.stdout);
    let line = format!(
        "lockprof: the program forbids itself system calls that profiling takes ({call}); \
         its profile ends here\n"
    );
    assert_eq!(run.stderr, line);
    let rows = run.profile();
    assert!(rows.at("take_before").acquires() >= BEFORE, "{rows}");
    assert!(rows.at("take_behind").is_empty(), "{rows}");
}

#[test]
fn a_program_that_forbids_itself_what_we_call_has_its_profile_before_and_goes_on() {
    expect_an_end_before_the_filter(&["strict"], "all but read and write");
    expect_an_end_before_the_filter(&["openssh"], "prctl");
    // All its threads at once, and those of ours.
    expect_an_end_before_the_filter(&["openssh", "threads"], "prctl");
}

#[test]
fn it_ends_as_quietly_where_it_is_not_profiled() {
    for arguments in [&["strict"][..], &["openssh"], &["openssh", "threads"]] {
        let run = filtering(arguments).env("LOCKPROF_ENABLED", "0").compare();
        assert!(run.files().is_empty(), "{:?}", run.files());
        // Sampled, it may not have told anything before.
        let run = filtering(arguments).sample("1000000").run();
        run.expect_success();
        assert_eq!(run.stdout, "EXIT-SUCCESS\n");
    }
}

/// Behind a filter that knows our calls nothing is different.
fn expect_a_whole_profile(which: &str, list: &BTreeSet<String>) {
    assert!(list.len() > 200 && list.contains("futex"), "{list:?}");
    let scratch = Scratch::new();
    let file = scratch.join("list");
    fs::write(&file, list.iter().cloned().collect::<Vec<_>>().join("\n")).unwrap();
    let file = file.to_str().unwrap();
    let rows = filtering(&[which, file]).compare().profile();
    rows.at("take_before")
        .expect_counts("before", BEFORE, BEFORE);
    rows.at("take_behind")
        .expect_counts("behind", 2 * BEHIND, 2 * BEHIND);
    for sample in ["1", "100"] {
        let program = filtering(&[which, file, "threads"]).sample(sample);
        let rows = program.compare().profile();
        assert!(rows.at("take_behind").acquires() > 0, "{rows}");
    }
}

#[test]
fn behind_systemds_filter_of_services_a_program_is_profiled_as_without() {
    let mut tool = Command::new("systemd-analyze");
    let text = build::tool("systemd", tool.args(["--no-pager", "syscall-filter"]));
    let mut sets: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut last = "";
    for line in text.lines().filter(|line| !line.trim().starts_with('#')) {
        if line.starts_with('@') {
            last = line;
        } else if !line.trim().is_empty() {
            sets.entry(last).or_default().push(line.trim());
        }
    }
    let mut allowed = BTreeSet::new();
    let mut open = vec!["@system-service"];
    while let Some(name) = open.pop() {
        match sets.get(name) {
            Some(members) => open.extend(members),
            None => {
                allowed.insert(name.to_owned());
            }
        }
    }
    expect_a_whole_profile("service", &allowed);
}

#[test]
fn behind_the_filter_of_containers_a_program_is_profiled_as_without() {
    // That of Podman and CRI-O, which was made from Docker's.
    let file = build::unpacked_file(
        "golang-github-containers-common",
        "usr/share/containers/seccomp.json",
    );
    let filter: serde_json::Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let rules = filter["syscalls"].as_array().unwrap();
    // Without those that are allowed only to some, or only in part.
    let is_for_all = |rule: &&serde_json::Value| {
        let has = |key: &str| rule[key].as_array().is_some_and(|list| !list.is_empty());
        rule["action"] == "SCMP_ACT_ALLOW" && !has("args") && rule["includes"]["caps"].is_null()
    };
    let names = rules.iter().filter(is_for_all);
    let names = names.flat_map(|rule| rule["names"].as_array().unwrap());
    let allowed = names.map(|name| name.as_str().unwrap().to_owned());
    expect_a_whole_profile("container", &allowed.collect());
}

/// The calls that README says we make.
fn documented() -> BTreeSet<String> {
    let readme = fs::read_to_string(build::root().join("README.md")).unwrap();
    let (_, behind) = readme
        .split_once("What we call, for those who write")
        .unwrap();
    let (list, _) = behind.split_once("A filter that fails calls").unwrap();
    let quoted = list.split('`').skip(1).step_by(2);
    let names = quoted.map(|name| name.split('(').next().unwrap().to_owned());
    names.collect()
}

/// What each thread of a program called, by its name; of the first one, from when it began
/// to do what it is there for: starting a thread or writing its last line.
fn calls(trace: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut names: BTreeMap<&str, String> = BTreeMap::new();
    let mut calls: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let first = trace.split_whitespace().next().unwrap();
    let mut runs = false;
    for line in trace.lines() {
        let (thread, rest) = line.split_once(' ').unwrap();
        let Some((name, arguments)) = rest.trim_start().split_once('(') else {
            continue;
        };
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            continue;
        }
        if let Some(name) = arguments.strip_prefix("PR_SET_NAME, \"") {
            names.insert(thread, name.split('"').next().unwrap().to_owned());
        }
        runs |= name == "clone3" || name == "write";
        if thread != first || runs {
            calls.entry(thread).or_default().insert(name.to_owned());
        }
    }
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (thread, made) in calls {
        let name = names
            .get(thread)
            .filter(|name| name.starts_with("lockprof"));
        all.entry(name.map_or("", String::as_str).to_owned())
            .or_default()
            .extend(made);
    }
    all
}

/// A program under strace.
fn traced(name: &str, arguments: &[&str], to: &Path) -> Program {
    let preload = format!("LD_PRELOAD={}", build::library().display());
    Program::at("strace")
        .args(["-f", "-qq", "-o"])
        .args([to])
        .args(["-E", &preload])
        .args([build::program(name)])
        .args(arguments)
        .sample("1")
        .within(Duration::from_secs(60))
}

/// Every call of ours is documented.
fn expect_documented(run: &Run, trace: &Path, what: &str) -> BTreeMap<String, BTreeSet<String>> {
    run.expect_success();
    let made = calls(&fs::read_to_string(trace).unwrap());
    let documented = documented();
    // What a program that starts threads and sleeps does itself.
    let its_own = [
        "access",
        "clock_nanosleep",
        "clone",
        "clone3",
        "exit",
        "exit_group",
        "fcntl",
        "flock",
        "madvise",
        "mprotect",
        "pipe2",
        "rseq",
        "rt_sigaction",
        "rt_sigprocmask",
        "rt_sigreturn",
        "set_robust_list",
        "tgkill",
        "wait4",
        "write",
    ];
    for (thread, made) in &made {
        let known = |name: &&String| {
            documented.contains(*name) || thread.is_empty() && its_own.contains(&name.as_str())
        };
        let unknown: Vec<_> = made.iter().filter(|name| !known(name)).collect();
        assert!(unknown.is_empty(), "{what}, {thread:?}: {unknown:?}");
    }
    made
}

#[test]
fn every_system_call_we_make_is_in_the_list_of_the_readme() {
    let scratch = Scratch::new();
    let trace = |name: &str| scratch.join(name);
    let to = trace("interval");
    let run = traced("locks_for_a_while", &["1300"], &to)
        .env("LOCKPROF_INTERVAL", "1s")
        .run_alone();
    let made = expect_documented(&run, &to, "interval");
    assert!(made["lockprof"].contains("rename"), "{made:?}");
    let to = trace("alone");
    let run = traced("single_thread", &[], &to).run_alone();
    let made = expect_documented(&run, &to, "one thread");
    assert!(made[""].contains("rename"), "{made:?}");
    let to = trace("files");
    let run = traced("file_locks", &[], &to)
        .env("LOCKPROF_LOCKS", "+file,+futex")
        .run_alone();
    let made = expect_documented(&run, &to, "locks on files");
    assert!(made[""].contains("newfstatat"), "{made:?}");
    let to = trace("sending");
    let receiver = Receiver::tcp(&[Act::Answer(200, "")]);
    let run = traced("locks_for_a_while", &["30"], &to)
        .env("LOCKPROF_SINK", "pyroscope,otlp")
        .env("LOCKPROF_PYROSCOPE_URL", receiver.url())
        .env("LOCKPROF_OTLP_URL", "http://nowhere.invalid:1")
        .run_alone();
    let made = expect_documented(&run, &to, "receivers");
    assert!(made["lockprof-send"].contains("connect"), "{made:?}");
}

#[test]
fn every_system_call_of_the_control_socket_is_in_the_list_too() {
    let scratch = Scratch::new();
    let to = scratch.join("control");
    let started = traced("fights_until_told", &[], &to)
        .env("LOCKPROF_CONTROL", "1")
        .start(false);
    let children = format!("/proc/{0}/task/{0}/children", started.id());
    let child = support::control::until("child", || {
        let text = fs::read_to_string(&children).ok()?;
        // strace has others, for a moment.
        let is_it = |pid: &u32| {
            let program = fs::read_link(format!("/proc/{pid}/exe"));
            program.is_ok_and(|path| path.ends_with("fights_until_told"))
        };
        let mut pids = text.split_whitespace().filter_map(|pid| pid.parse().ok());
        pids.find(is_it)
    });
    until_reachable(child);
    for request in [
        contract::control::Request::Status,
        contract::control::Request::Waiters,
        contract::control::Request::Profile,
        contract::control::Request::Off,
        contract::control::Request::On,
    ] {
        ask(child, request).unwrap();
    }
    support::control::tell(&started, "stop");
    let run = started.wait(Duration::from_secs(60));
    let made = expect_documented(&run, &to, "control socket");
    assert!(made["lockprof-ctl"].contains("accept4"), "{made:?}");
}
