//! `lockprof top`, in a terminal that is tmux, and `lockprof off` and `on`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;
use std::process::Command;
use std::time::Duration;

use support::live::{Fights, said};
use support::screen::Terminal;

/// The line of a screen that begins so.
fn line<'a>(screen: &'a str, beginning: &str) -> Option<&'a str> {
    screen.lines().find(|line| line.starts_with(beginning))
}

#[test]
fn top_shows_who_waits_and_obeys_its_keys() {
    let fights = Fights::start_reachable("top-keys");
    let terminal = Terminal::with_top("keys", &fights.pid());
    let screen = terminal.until(|screen| line(screen, "kept").is_some());
    let kept = line(&screen, "kept").unwrap();
    assert!(kept.contains(" 2 Keeper"), "{screen}");
    assert!(
        screen.contains(&format!("fights ({})", fights.pid())),
        "{screen}"
    );
    assert_eq!(screen.lines().count(), 24, "{screen}");
    terminal.keys(&["s", "s"]);
    let screen = terminal.until_has("by acquisitions");
    assert!(
        screen.lines().nth(4).unwrap().starts_with("fought_for"),
        "{screen}"
    );
    terminal.keys(&["/"]);
    terminal.keys(&["-l", "fought"]);
    terminal.keys(&["Enter"]);
    terminal.until(|screen| line(screen, "fought_for").is_some() && line(screen, "kept").is_none());
    terminal.keys(&["Enter"]);
    let page = terminal.until_has("since the program began");
    assert!(
        page.contains("waited for: ") && page.contains("  fight"),
        "{page}"
    );
    terminal.keys(&["Escape"]);
    terminal.until_has("filter: fought");
    terminal.tmux(&["resize-window", "-x", "120", "-y", "30"]);
    let screen = terminal.until_has("WAITED IN");
    assert_eq!(screen.lines().count(), 30, "{screen}");
    terminal.keys(&["o"]);
    terminal.until_has("profiling is OFF");
    terminal.keys(&["o"]);
    terminal.until_has("profiling is on");
    terminal.keys(&["q"]);
    terminal.expect_restored("status 0");
}

#[test]
fn the_terminal_is_restored_whatever_ends_top() {
    let mut fights = Fights::start_reachable("top-ends");
    for (name, end) in [("interrupt", "C-c"), ("terminate", "-TERM"), ("over", "")] {
        let terminal = Terminal::with_top(name, &fights.pid());
        terminal.until_has("fought_for");
        match end {
            "C-c" => terminal.keys(&[end]),
            "-TERM" => {
                let killed = Command::new("kill").args([end, &terminal.child()]).status();
                assert!(killed.unwrap().success());
            }
            _ => {
                fights.stop();
                terminal.until_has("has ended");
            }
        }
        terminal.expect_restored("status 0");
    }
}

#[test]
fn top_ends_with_its_terminal() {
    let mut fights = Fights::start_reachable("top-gone");
    let terminal = Terminal::with_top("gone", &fights.pid());
    terminal.until_has("fought_for");
    let top = terminal.child();
    drop(terminal);
    let is_there = || fs::exists(format!("/proc/{top}")).unwrap();
    let mut looks = 0..100;
    while is_there() && looks.next().is_some() {
        std::thread::sleep(Duration::from_millis(100));
    }
    if is_there() {
        let _ = Command::new("kill").args(["-KILL", &top]).status();
        panic!("top went on without a terminal");
    }
    fights.stop();
}

#[test]
fn a_stopped_top_gives_the_screen_back_and_takes_it_again() {
    let fights = Fights::start_reachable("top-stops");
    let terminal = Terminal::named("stops");
    let shell = "env PS1='$ ' bash --norc --noprofile -i";
    terminal.tmux(&["-f", "/dev/null", "new-session", "-d", shell]);
    let top = format!("{} top {}", env!("CARGO_BIN_EXE_lockprof"), fights.pid());
    terminal.keys(&["-l", &format!("{top}; stty -a")]);
    terminal.keys(&["Enter"]);
    terminal.until_has("fought_for");
    terminal.keys(&["C-z"]);
    terminal.until_has("Stopped");
    terminal.expect_restored("Stopped");
    terminal.keys(&["-l", "fg"]);
    terminal.keys(&["Enter"]);
    terminal.until_has("fought_for");
    terminal.keys(&["q"]);
    terminal.expect_restored("Stopped");
    terminal.keys(&["-l", "exit"]);
    terminal.keys(&["Enter"]);
}

#[test]
fn a_terminal_without_a_cursor_gets_one_table() {
    let mut fights = Fights::start_reachable("top-dumb");
    let terminal = Terminal::named("dumb");
    let top = format!("{} top {}", env!("CARGO_BIN_EXE_lockprof"), fights.pid());
    let shell = format!("TERM=dumb {top}; echo \"status $?\"; stty -a; sleep 60");
    terminal.tmux(&["-f", "/dev/null", "new-session", "-d", &shell]);
    terminal.expect_restored("status 0");
    let screen = terminal.screen();
    assert!(line(&screen, "fought_for").is_some(), "{screen}");
    fights.stop();
}

#[test]
fn what_is_no_terminal_gets_one_table() {
    let mut fights = Fights::start_reachable("top-once");
    let (status, out, err) = said(&["top", &fights.pid()]);
    assert_eq!((status, err.as_str()), (Some(0), ""), "{out}");
    assert!(!out.contains('\x1b'), "{out:?}");
    let kept = line(&out, "kept").unwrap();
    assert!(kept.contains(" 2 Keeper"), "{out}");
    assert!(
        line(&out, "fought_for").unwrap().ends_with("  fight"),
        "{out}"
    );
    fights.stop();
}

#[test]
fn off_and_on_say_what_is_so() {
    let mut fights = Fights::start_reachable("switch");
    let pid = fights.pid();
    for word in ["off", "off", "on", "on", "off"] {
        let (status, out, err) = said(&[word, &pid]);
        assert_eq!(
            out,
            format!("process {pid}: profiling is {word}\n"),
            "{err}"
        );
        assert_eq!(status, Some(0));
    }
    let (status, out, _) = said(&["doctor", &pid]);
    assert_eq!(status, Some(1), "{out}");
    assert!(
        out.contains("✗ it answers, and profiling is switched off"),
        "{out}"
    );
    fights.stop();
}

#[test]
fn who_cannot_be_asked_is_told_in_one_line() {
    let mut sleep = Command::new("sleep").arg("60").spawn().unwrap();
    let sleeping = sleep.id().to_string();
    let cases = [
        ("4194305", "there is no process 4194305"),
        (sleeping.as_str(), "LOCKPROF_CONTROL=1"),
    ];
    for (pid, wanted) in cases {
        for command in ["top", "off", "on"] {
            let (status, out, err) = said(&[command, pid]);
            assert_eq!((status, out.as_str()), (Some(1), ""), "{err}");
            assert!(err.contains(wanted) && err.lines().count() == 1, "{err}");
        }
    }
    sleep.kill().unwrap();
    sleep.wait().unwrap();
    let pid = sleep.id().to_string();
    assert_eq!(said(&["top", "0"]).0, Some(2));
    assert_eq!(said(&["top", &pid, "--sort", "x"]).0, Some(2));
}
