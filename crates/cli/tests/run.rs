//! `lockprof run` around programs that profile nothing: what they see of it, and how it ends.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use support::{Scratch, compile, library, lockprof, run, stderr, stdout};

/// Runs a shell script under the command.
fn script(scratch: &Scratch, flags: &[&str], script: &str) -> Output {
    let arguments = [flags, &["--", "sh", "-c", script]].concat();
    run(scratch).args(arguments).output().unwrap()
}

/// A child of `lockprof run` that has said that it is ready, in a group of its own.
fn ready(scratch: &Scratch, script: &str) -> (Child, BufReader<impl Read + use<>>) {
    let mut child = run(scratch)
        .args(["-q", "--", "sh", "-c", script])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    (child, stdout)
}

/// Sends a signal to a process, or to a group.
fn signal(name: &str, target: &str) {
    let status = Command::new("kill")
        .args(["-s", name, "--", target])
        .status()
        .unwrap();
    assert!(status.success());
}

/// Ends by itself, should nobody end it before.
const WAITING: &str = "echo ready; for i in $(seq 200); do sleep 0.05; done; exit 99";

#[test]
fn the_exit_code_is_the_programs() {
    let scratch = Scratch::new("codes");
    for code in [0, 1, 2, 42, 127, 255] {
        let output = script(&scratch, &["-q"], &format!("exit {code}"));
        assert_eq!(output.status.code(), Some(code));
    }
}

#[test]
fn death_by_signal_is_death_by_the_same_signal() {
    let scratch = Scratch::new("signals");
    for (name, number) in [
        ("KILL", 9),
        ("SEGV", 11),
        ("ABRT", 6),
        ("TERM", 15),
        ("INT", 2),
        ("QUIT", 3),
        ("PIPE", 13),
    ] {
        let output = script(&scratch, &[], &format!("kill -s {name} $$; echo survived"));
        assert_eq!(output.status.signal(), Some(number), "{name}");
        assert!(!output.status.core_dumped(), "{name}");
        assert_eq!(stdout(&output), "", "{name}");
    }
}

#[test]
fn standard_streams_pass_through_byte_for_byte() {
    let scratch = Scratch::new("streams");
    let bytes: Vec<u8> = (0..1_000_000_u32)
        .map(|n| (n ^ (n >> 8)).to_le_bytes()[0])
        .collect();
    let mut child = run(&scratch)
        .args(["--", "sh", "-c", "cat; echo only this >&2"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let sent = bytes.clone();
    let writer = thread::spawn(move || stdin.write_all(&sent).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.stdout == bytes);
    let said = stderr(&output);
    assert!(
        said.starts_with("only this\nlockprof: no profile: "),
        "{said}"
    );
}

#[test]
fn nothing_is_said_when_asked_to_be_quiet() {
    let scratch = Scratch::new("quiet");
    let output = script(&scratch, &["--quiet"], "echo program >&2");
    assert_eq!(stderr(&output), "program\n");
}

#[test]
fn requests_to_end_are_passed_on() {
    let scratch = Scratch::new("forward");
    for name in ["TERM", "HUP", "USR1", "USR2"] {
        let caught = format!("trap 'echo caught; exit 7' {name}; {WAITING}");
        let (mut child, mut rest) = ready(&scratch, &caught);
        signal(name, &child.id().to_string());
        let mut said = String::new();
        rest.read_to_string(&mut said).unwrap();
        assert_eq!(said, "caught\n", "{name}");
        assert_eq!(child.wait().unwrap().code(), Some(7), "{name}");
    }
    let (mut child, _rest) = ready(&scratch, "echo ready; exec sleep 10");
    signal("TERM", &child.id().to_string());
    assert_eq!(child.wait().unwrap().signal(), Some(15));
}

#[test]
fn the_terminals_signals_are_left_to_the_program() {
    let scratch = Scratch::new("terminal");
    for name in ["INT", "QUIT"] {
        let caught = format!("trap 'echo caught; exit 7' {name}; {WAITING}");
        let (mut child, mut rest) = ready(&scratch, &caught);
        signal(name, &format!("-{}", child.id()));
        let mut said = String::new();
        rest.read_to_string(&mut said).unwrap();
        assert_eq!(said, "caught\n", "{name}");
        assert_eq!(child.wait().unwrap().code(), Some(7), "{name}");
    }
    let (mut child, _rest) = ready(&scratch, "echo ready; exec sleep 10");
    signal("INT", &format!("-{}", child.id()));
    assert_eq!(child.wait().unwrap().signal(), Some(2));
}

#[test]
fn a_stopped_group_goes_on() {
    let scratch = Scratch::new("stop");
    let (mut child, mut rest) = ready(&scratch, "echo ready; sleep 0.2; echo done; exit 5");
    let group = format!("-{}", child.id());
    signal("TSTP", &group);
    let is_stopped = || {
        let state = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        state.contains(") T ")
    };
    assert!((0..200).any(|_| {
        thread::sleep(Duration::from_millis(10));
        is_stopped()
    }));
    signal("CONT", &group);
    let mut said = String::new();
    rest.read_to_string(&mut said).unwrap();
    assert_eq!(said, "done\n");
    assert_eq!(child.wait().unwrap().code(), Some(5));
}

#[test]
fn the_program_finds_signals_as_our_parent_left_them() {
    let scratch = Scratch::new("dispositions");
    for (kind, signals) in [
        ("--default-signal", "PIPE"),
        ("--ignore-signal", "PIPE"),
        ("--ignore-signal", "INT,HUP,TERM"),
        ("--ignore-signal", "QUIT,USR1,CHLD"),
        ("--block-signal", "TERM,USR2,WINCH"),
    ] {
        let states = |prefix: &[&str]| {
            let output = Command::new("env")
                .arg(format!("{kind}={signals}"))
                .args(prefix)
                .args([
                    "sh",
                    "-c",
                    "grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status; exit 3",
                ])
                .env("LOCKPROF_LIBRARY", library())
                .current_dir(scratch.path())
                .output()
                .unwrap();
            assert_eq!(output.status.code(), Some(3), "{kind}={signals}");
            stdout(&output)
        };
        let plain = states(&[]);
        assert_eq!(plain.lines().count(), 3);
        let under = states(&[env!("CARGO_BIN_EXE_lockprof"), "run", "-q", "--"]);
        assert_eq!(under, plain, "{kind}={signals}");
    }
}

#[test]
fn programs_that_cannot_be_started_end_as_in_a_shell() {
    let scratch = Scratch::new("start");
    let text = scratch.file("text", b"hello");
    for (program, code, reason) in [
        ("no-such-program", 127, "command not found"),
        ("./no-such-program", 127, "no such file or directory"),
        (text.to_str().unwrap(), 126, "permission denied"),
        ("/", 126, "permission denied"),
    ] {
        let output = run(&scratch).arg(program).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{program}");
        assert_eq!(stderr(&output), format!("lockprof: {program}: {reason}\n"));
    }
}

#[test]
fn a_script_without_a_first_line_is_run_as_shells_do() {
    let scratch = Scratch::new("script");
    let file = scratch.file("script", b"echo from the script; exit 4\n");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    let output = run(&scratch).arg("./script").output().unwrap();
    assert_eq!(stdout(&output), "from the script\n");
    assert_eq!(output.status.code(), Some(4));
}

#[test]
fn a_bad_option_starts_nothing() {
    let scratch = Scratch::new("options");
    for (flags, reason) in [
        (
            &["--sample", "abc"][..],
            "--sample abc: not a whole number between 1 and 1000000000",
        ),
        (
            &["--sample=-1"],
            "--sample -1: not a whole number between 1 and 1000000000",
        ),
        (
            &["--interval", "1ms"],
            "--interval 1ms: not a time between 1s and 1440m",
        ),
        (
            &["--symbols", "all"],
            "--symbols all: not one of: off, symtab",
        ),
        (
            &["-o", "%z"],
            "%z: unknown sequence %z; known are %e, %p, %t and %%",
        ),
        (&["-o", "nowhere/file"], "nowhere: no such folder"),
    ] {
        let output = script(&scratch, flags, "touch started");
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
        let said = stderr(&output);
        assert!(
            said.starts_with("lockprof: ") && said.ends_with(&format!("{reason}\n")),
            "{said}"
        );
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(!scratch.join("started").exists());
    }
    assert_eq!(run(&scratch).output().unwrap().status.code(), Some(2));
}

#[test]
fn without_the_library_nothing_is_started() {
    let scratch = Scratch::new("library");
    let output = run(&scratch)
        .env("LOCKPROF_LIBRARY", "/nowhere/x.so")
        .args(["touch", "started"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(127));
    let said = stderr(&output);
    assert!(
        said.contains("not found; looked for /nowhere/x.so"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1);
    assert!(!scratch.join("started").exists());
}

#[test]
fn the_program_gets_the_library_the_options_and_the_mark() {
    let scratch = Scratch::new("environment");
    let other = scratch.join("other.so");
    fs::copy(library(), &other).unwrap();
    let output = run(&scratch)
        .env("LD_PRELOAD", &other)
        .args(["-q", "--sample", "7", "--output", "here/", "--", "env"])
        .output()
        .unwrap();
    let variables = stdout(&output);
    let value = |name: &str| {
        let line = variables.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.strip_prefix('='))
            .unwrap()
            .to_owned()
    };
    let preload = format!("{}:{}", library().display(), other.display());
    assert_eq!(value("LD_PRELOAD"), preload);
    assert_eq!(value("LOCKPROF_SAMPLE"), "7");
    let here = format!("{}/here/", scratch.path().display());
    assert_eq!(value("LOCKPROF_OUTPUT"), here);
    assert!(Path::new(&here).is_dir());
    let mark = value("LOCKPROF_RUN");
    let (pid, start) = mark.split_once('-').unwrap();
    assert!(
        pid.parse::<u32>().is_ok() && start.parse::<u64>().is_ok(),
        "{mark}"
    );
    assert!(!variables.contains("LOCKPROF_INTERVAL"));
}

/// What is said after a program without a profile.
fn reason(command: &mut Command) -> String {
    let said = stderr(&command.output().unwrap());
    assert_eq!(said.lines().count(), 1, "{said}");
    said.trim_end()
        .strip_prefix("lockprof: no profile: ")
        .unwrap()
        .to_owned()
}

#[test]
fn the_reason_for_no_profile_is_said() {
    let scratch = Scratch::new("reasons");
    let of = |arguments: &[&str]| reason(run(&scratch).args(arguments));
    let untold =
        "it took no lock that liblockprof sees, or the library has said why it wrote nothing";
    assert_eq!(of(&["true"]), untold);
    let off = "profiling is switched off (LOCKPROF_ENABLED or one of its aliases is 0)";
    assert_eq!(of(&["--enabled", "0", "true"]), off);
    assert_eq!(
        reason(run(&scratch).env("DD_PROFILING_ENABLED", "0").arg("true")),
        off
    );
    let killed = of(&["sh", "-c", "kill -9 $$"]);
    assert!(
        killed.starts_with("it was ended by signal 9, before"),
        "{killed}"
    );
}

#[test]
fn programs_that_cannot_be_preloaded_are_told() {
    let scratch = Scratch::new("preload");
    let of = |program: &str| reason(run(&scratch).arg(program));
    let program = scratch.join("static");
    compile(
        &program,
        &program,
        "int main(void) { return 0; }",
        &["-static"],
    );
    let reason = "statically linked: nothing can be preloaded into it";
    assert!(of("./static").ends_with(reason));

    let file = scratch.file("script", b"#!./static\n");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(of("./script").ends_with(reason));

    let program = scratch.join("set-id");
    compile(&program, &program, "int main(void) { return 0; }", &[]);
    fs::set_permissions(&program, fs::Permissions::from_mode(0o4755)).unwrap();
    assert!(of("./set-id").contains("is set-user-id or set-group-id"));
}

#[test]
fn a_closed_standard_error_does_not_change_the_status() {
    let scratch = Scratch::new("closed");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = run(&scratch)
        .args(["--", "sh", "-c", "exit 6"])
        .stderr(writer)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(6));
    assert!(
        lockprof()
            .arg("--version")
            .output()
            .unwrap()
            .status
            .success()
    );
}
