//! What describes the command: manual pages, completions, and the version.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;

use support::{Scratch, lockprof, stderr, stdout, tool};

#[test]
fn every_command_has_a_manual_page_that_troff_understands() {
    let scratch = Scratch::new("man");
    let folder = scratch.join("man1");
    let output = lockprof().arg("man").arg(&folder).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let help = stdout(&lockprof().arg("--help").output().unwrap());
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let commands = commands.lines().take_while(|line| !line.is_empty());
    let mut pages = 0;
    for command in commands.filter_map(|line| line.split_whitespace().next()) {
        if command == "help" {
            continue;
        }
        let page = folder.join(format!("lockprof-{command}.1"));
        let output = tool(
            "groff",
            &[
                "-Kutf8".as_ref(),
                "-man".as_ref(),
                "-Tutf8".as_ref(),
                "-ww".as_ref(),
                page.as_os_str(),
            ],
        );
        assert_eq!(stderr(&output), "", "{command}");
        let text = stdout(&output);
        assert!(text.contains("Examples:"), "{command}: {text}");
        assert!(text.contains("Exit status:"), "{command}: {text}");
        pages += 1;
    }
    // And that of the whole.
    assert_eq!(fs::read_dir(&folder).unwrap().count(), pages + 1);
    assert!(folder.join("lockprof.1").is_file());
}

#[test]
fn pages_that_cannot_be_written_are_an_error() {
    let scratch = Scratch::new("no-man");
    let file = scratch.file("file", b"");
    let output = lockprof().arg("man").arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).starts_with(&format!("lockprof: {}: ", file.display())));
}

#[test]
fn bash_completes_commands_options_and_their_values() {
    let scratch = Scratch::new("bash");
    let output = lockprof().args(["completions", "bash"]).output().unwrap();
    assert!(output.status.success());
    let file = scratch.file("lockprof.bash", &output.stdout);
    for (words, expected) in [
        ("lockprof re", "report"),
        ("lockprof report --hist", "--histogram"),
        ("lockprof report --by ki", "kind"),
        ("lockprof diff --fail", "--fail-on"),
        ("lockprof run --cpu-l", "--cpu-limit"),
    ] {
        let script = format!(
            "source {}; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _lockprof lockprof \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\"; \
             echo \"${{COMPREPLY[@]}}\"",
            file.display()
        );
        let output = tool("bash", &["-c".as_ref(), script.as_ref()]);
        assert_eq!(stdout(&output).trim(), expected, "{words}");
    }
}

#[test]
fn every_shell_there_is_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = lockprof().args(["completions", shell]).output().unwrap();
        assert!(output.status.success(), "{shell}");
        assert!(stdout(&output).contains("flamegraph"), "{shell}");
    }
    let output = lockprof().args(["completions", "csh"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_version_says_of_what_build_it_is() {
    let short = stdout(&lockprof().arg("-V").output().unwrap());
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(short, format!("lockprof {version}\n"));
    let long = stdout(&lockprof().arg("--version").output().unwrap());
    assert!(long.starts_with(&short), "{long}");
    for line in ["\ntarget: ", "\ncommit: ", "\ncompiler: "] {
        assert!(long.contains(line), "{long}");
    }
}
