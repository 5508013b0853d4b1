//! `lockprof doctor`, about files and about processes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use support::live::{Fights, said, until};
use support::{Scratch, compile, lockprof, stdout};

const C: &str = "#include <pthread.h>\nint main(void) { pthread_mutex_t m; \
                 return pthread_mutex_init(&m, 0); }";

/// What it says of a program, run in this folder.
fn of_program(scratch: &Scratch, program: &Path, variables: &[(&str, &str)]) -> (i32, String) {
    let output: Output = lockprof()
        .args(["doctor", "--"])
        .arg(program)
        .current_dir(scratch.path())
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert!(output.stderr.is_empty(), "{output:?}");
    (output.status.code().unwrap(), stdout(&output))
}

fn executable(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_usual_program_has_nothing_wrong() {
    let scratch = Scratch::new("doctor-usual");
    let program = scratch.join("app");
    compile(&scratch.join("app"), &program, C, &[]);
    let (status, said) = of_program(&scratch, &program, &[]);
    assert_eq!(status, 0, "{said}");
    assert!(
        said.ends_with("nothing is wrong\n") && !said.contains('✗'),
        "{said}"
    );
    assert!(!said.contains('\x1b'), "{said}");
    for good in [
        "preloaded into it",
        "symbol table",
        "ask for profiling",
        "can be written",
    ] {
        let is_good = |line: &str| line.starts_with('✓') && line.contains(good);
        assert!(said.lines().any(is_good), "{good}\n{said}");
    }
}

#[test]
fn files_into_which_nothing_can_be_preloaded_are_told_why() {
    let scratch = Scratch::new("doctor-files");
    let dynamic = scratch.join("dynamic");
    compile(&scratch.join("dynamic"), &dynamic, C, &[]);
    let fixed = scratch.join("fixed");
    compile(&scratch.join("fixed"), &fixed, C, &["-static"]);
    let sanitized = scratch.join("sanitized");
    compile(
        &scratch.join("sanitized"),
        &sanitized,
        C,
        &["-fsanitize=address"],
    );
    let threaded = scratch.join("threaded");
    compile(
        &scratch.join("threaded"),
        &threaded,
        C,
        &["-fsanitize=thread"],
    );
    let other_user = scratch.join("other_user");
    fs::copy(&dynamic, &other_user).unwrap();
    executable(&other_user, 0o4755);
    let narrow = scratch.file("narrow", b"\x7fELF\x01\x01\x01 and more");
    executable(&narrow, 0o755);
    for (program, wanted, advice) in [
        (&fixed, "statically linked", "link it dynamically"),
        (&other_user, "set-user-id", "run a copy"),
        (&narrow, "32-bit", "64-bit build"),
        (&sanitized, "AddressSanitizer", "-fsanitize=address"),
        (&threaded, "ThreadSanitizer", "-fsanitize=thread"),
        (&scratch.join("nobody"), "no such program", "PATH"),
    ] {
        let (status, said) = of_program(&scratch, program, &[]);
        assert_eq!(status, 1, "{said}");
        let mut lines = said.lines().skip_while(|line| !line.starts_with('✗'));
        assert!(lines.next().unwrap().contains(wanted), "{said}");
        let then = lines.next().unwrap();
        assert!(
            then.starts_with("    → ") && then.contains(advice),
            "{said}"
        );
    }
}

#[test]
fn a_stripped_program_is_no_failure_but_a_doubt() {
    let scratch = Scratch::new("doctor-stripped");
    let program = scratch.join("app");
    compile(&scratch.join("app"), &program, C, &["-s"]);
    let (status, said) = of_program(&scratch, &program, &[]);
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("! it is stripped"), "{said}");
}

#[test]
fn misspelt_and_misunderstood_variables_are_told() {
    let scratch = Scratch::new("doctor-variables");
    let (status, said) = of_program(
        &scratch,
        Path::new("/bin/sh"),
        &[("LOCKPROF_SAMPEL", "1"), ("LOCKPROF_INTERVAL", "soon")],
    );
    assert_eq!(status, 1, "{said}");
    assert!(said.contains("✗ nobody reads LOCKPROF_SAMPEL\n    → is LOCKPROF_SAMPLE meant?"));
    assert!(
        said.contains("✗ LOCKPROF_INTERVAL=soon: not a time"),
        "{said}"
    );
}

#[test]
fn a_process_without_the_library_is_told_how_to_get_it() {
    let mut sleep = Command::new("sleep")
        .arg("60")
        .env("LOCKPROF_SAMPEL", "1")
        .env_remove("LD_PRELOAD")
        .spawn()
        .unwrap();
    let pid = sleep.id().to_string();
    // Until it has become another program, its variables are ours.
    let (status, out, err) = until("its variables", || {
        Some(said(&["doctor", &pid])).filter(|(_, out, _)| out.contains("SAMPEL"))
    });
    assert_eq!((status, err.as_str()), (Some(1), ""), "{out}");
    let wanted = "✗ liblockprof is not loaded: LD_PRELOAD does not name it\n    → start";
    assert!(out.contains(wanted), "{out}");
    sleep.kill().unwrap();
    sleep.wait().unwrap();
    let (status, out, err) = said(&["doctor", "4194305"]);
    assert_eq!((status, out.as_str()), (Some(1), ""), "{err}");
    assert_eq!(err, "lockprof: there is no process 4194305\n");
    assert_eq!(said(&["doctor"]).0, Some(2));
    assert_eq!(said(&["doctor", "x"]).0, Some(2));
}

#[test]
fn a_process_that_is_profiled_has_nothing_wrong() {
    let mut fights = Fights::start_reachable("doctor-well");
    let pid = fights.pid();
    let (status, out, err) = said(&["doctor", &pid]);
    assert_eq!((status, err.as_str()), (Some(0), ""), "{out}");
    for good in [
        "✓ liblockprof is loaded\n",
        "✓ it has 7 threads\n",
        "✓ it answers, and profiling is on\n",
    ] {
        assert!(out.contains(good), "{good}{out}");
    }
    fights.stop();
}
