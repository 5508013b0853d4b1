//! The menu of the demos of re-entrant locks: what it asks and refuses, and that the commands it prints do what it says.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use support::build::root;
use support::scratch::Scratch;

/// The menu, with a target folder and nothing in its environment that names receivers.
fn menu(target: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("timeout");
    command
        .arg("500")
        .arg(root().join("scripts/run_rlock_demos.sh"))
        .args(arguments)
        .env("CARGO_TARGET_DIR", target)
        .env("LOCKPROF_SINK", "file")
        .env_remove("LOCKPROF_OUTPUT")
        .env_remove("DD_API_KEY");
    command
}

/// A target folder with two files that are called as what is built.
fn built(scratch: &Scratch) -> PathBuf {
    let target = scratch.join("target");
    fs::create_dir_all(target.join("release")).unwrap();
    for name in ["liblockprof.so", "lockprof"] {
        fs::write(target.join("release").join(name), "").unwrap();
    }
    target
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn expect_refusal(output: &Output, reason: &str) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(reason), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_choice_that_is_none_is_asked_for_again() {
    let scratch = Scratch::new();
    let answers = scratch.join("answers");
    fs::write(&answers, "7\n\nheavy\nq\n").unwrap();
    let output = menu(&built(&scratch), &[])
        .stdin(Stdio::from(fs::File::open(&answers).unwrap()))
        .output()
        .unwrap();
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert_eq!(said.matches("1 to 6, or q").count(), 3, "{said}");
}

#[test]
fn what_cannot_be_run_is_refused_in_one_line() {
    let scratch = Scratch::new();
    let target = built(&scratch);
    for (arguments, reason) in [
        (&["hevy"][..], "no demo hevy"),
        (&["--fast"], "no option --fast"),
        (&["simple", "60"], "takes no numbers"),
        (&["stress", "59"], "60 to 300"),
        (&["stress", "60", "51"], "10 to 50"),
        (&["stress", "60", "10", "1"], "60 to 300"),
    ] {
        expect_refusal(&menu(&target, arguments).output().unwrap(), reason);
    }
    let mut nowhere = menu(&target, &["simple"]);
    nowhere.env("LOCKPROF_OUTPUT", "/proc/profiles/");
    expect_refusal(&nowhere.output().unwrap(), "nothing can be written into");
    let unbuilt = menu(&scratch.join("empty"), &[]).output().unwrap();
    expect_refusal(&unbuilt, "scripts/release-build makes it");
}

#[test]
fn the_commands_that_it_prints_show_what_it_says() {
    // The command too, which scripts/release-build makes: the menu names it if it is missing.
    support::build::library();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let scratch = Scratch::new();
    let mut demo = menu(target, &["simple", "--quick"]);
    // Without a slash behind it: a folder all the same.
    demo.env("LOCKPROF_OUTPUT", scratch.path());
    let output = demo.output().unwrap();
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}{}", text(&output.stderr));

    let command = format!("  {}/release/lockprof ", target.display());
    let mut shown = String::new();
    let commands = said.lines().filter_map(|line| line.strip_prefix(&command));
    for arguments in commands {
        let output = Command::new(target.join("release/lockprof"))
            .args(arguments.split(' '))
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments}");
        shown += &text(&output.stdout);
    }
    for wanted in ["add_inside", "Reentrant-4", "Simple-0"] {
        assert!(shown.contains(wanted), "no {wanted} in {shown}");
    }
    assert!(scratch.join("rlock_simple_demo.svg").is_file(), "{said}");
}
