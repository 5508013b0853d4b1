//! What else is loaded, missing or forbidden where the program runs, and who may touch its files.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use support::build;
use support::program::{Program, Run};
use support::scratch::Scratch;

/// The program went on as alone; at most one line of ours says what it cost.
fn expect_at_most_a_message(run: &Run, alone: &Run) {
    run.expect_success();
    assert_eq!(run.stdout, alone.stdout);
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert!(lines.len() <= 1, "{}", run.stderr);
    assert!(
        lines.iter().all(|line| line.starts_with("lockprof: ")),
        "{}",
        run.stderr
    );
}

/// A C program built in a way of its own.
fn built_with(flags: &[&str], name: &str, to: &Path) -> PathBuf {
    let program = to.join(name);
    build::run(
        Command::new("gcc")
            .args(["-O1", "-g"])
            .args(flags)
            .arg("-o")
            .arg(&program)
            .arg(build::root().join("c-tests").join(format!("{name}.c")))
            .arg("-lpthread"),
    );
    program
}

#[test]
fn another_library_before_the_same_functions_works_in_either_order() {
    let other = build::shared_library("interposing_library");
    let program = || Program::exact("recursive_exact");
    for program in [
        program().preload_before(&other),
        program().preload_after(&other),
    ] {
        // Alone it is preloaded too: it says so when nothing passed.
        let run = program.compare();
        let files = run.files();
        assert_eq!(files.len(), 1, "{files:?}");
        // Its own function is a frame of the program's like any other.
        let rows = support::profile::decode(&files[0]).samples;
        let acquired: i64 = rows.iter().map(|row| row.values[0]).sum();
        assert_eq!(acquired, 1000);
    }
}

#[test]
fn a_clock_that_takes_a_lock_is_not_asked_while_that_lock_is_timed() {
    let clock = build::shared_library("clock_library");
    // Both ask for the time: around every lock, or after a fork.
    for name in ["recursive_exact", "fork_child_goes_on"] {
        for sample in ["1", "100"] {
            let program = || Program::exact(name).sample(sample);
            program().preload_before(&clock).compare();
            let run = program().preload_after(&clock).compare();
            assert!(sample == "100" || !run.files().is_empty(), "{name}");
        }
    }
}

#[test]
fn an_audited_program_is_profiled() {
    let audit = build::shared_library("audit_library");
    let rows = Program::exact("recursive_exact")
        .env("LD_AUDIT", audit.to_str().unwrap())
        .compare()
        .profile();
    rows.expect_counts("in all", 1000, 1000);
}

#[test]
fn opened_and_closed_by_the_program_itself_it_does_no_harm() {
    let run = Program::exact("opens_the_library")
        .args([build::library()])
        .run_alone();
    run.expect_success();
    assert_eq!(run.stderr, "");
    // And once more on top of the preloaded one.
    let run = Program::exact("opens_the_library")
        .args([build::library()])
        .compare();
    run.profile().expect_counts("in all", 3000, 3000);
}

#[test]
fn a_program_with_a_sanitizer_that_sees_locks_is_left_alone_and_told() {
    let folder = Scratch::new();
    let program = built_with(&["-fsanitize=thread"], "recursive_exact", folder.path());
    let run = |preload: bool| {
        let run = Program::at("setarch").args(["-R", "env"]);
        let preloaded = format!("LD_PRELOAD={}", build::library().display());
        let run = if preload { run.args([preloaded]) } else { run };
        run.args([&program]).run_alone()
    };
    let (alone, with) = (run(false), run(true));
    alone.expect_success();
    expect_at_most_a_message(&with, &alone);
    assert!(with.stderr.contains("ThreadSanitizer"), "{}", with.stderr);
    assert!(with.files().is_empty(), "{:?}", with.files());
}

#[test]
fn a_process_with_more_privileges_than_its_starter_is_left_alone() {
    // Linked, since the loader itself ignores what is to be preloaded there.
    let folder = Scratch::new();
    let library = build::library();
    let place = format!("-Wl,-rpath,{}", library.parent().unwrap().display());
    let program = built_with(
        &["-Wl,--no-as-needed", library.to_str().unwrap(), &place],
        "recursive_exact",
        folder.path(),
    );
    let linked = Program::at(&program).sample("1").run_alone();
    linked.profile().expect_counts("in all", 1000, 1000);
    // Its real user is another than the one it acts as: that is what set-uid comes to.
    let is_root = build::tool("coreutils", Command::new("id").arg("-u")).trim() == "0";
    let starter = if is_root { "env" } else { "sudo" };
    let run = Program::at(starter)
        .args(["setpriv", "--ruid=65534"])
        .args([&program])
        .sample("1")
        .run_alone();
    run.expect_success();
    assert_eq!(run.stderr, "");
    assert!(run.files().is_empty(), "{:?}", run.files());
}

#[test]
fn without_proc_the_program_is_profiled_without_names() {
    let script = format!(
        "mount -t tmpfs none /proc && LD_PRELOAD={} exec {}",
        build::library().display(),
        build::program("recursive_exact").display()
    );
    let run = Program::at("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", &script])
        .sample("1")
        .run_alone();
    let alone = Program::exact("recursive_exact").run_alone();
    expect_at_most_a_message(&run, &alone);
    assert_eq!(run.stderr, "");
    let files = run.files();
    assert_eq!(files.len(), 1, "{files:?}");
    let rows = support::profile::Rows::read(&files[0]);
    rows.expect_counts("in all", 1000, 1000);
}

#[test]
fn without_descriptors_only_the_profile_is_lost_and_that_is_said() {
    let program = Program::exact("few_descriptors");
    let (alone, run) = (program.run_alone(), program.run());
    expect_at_most_a_message(&run, &alone);
    assert!(run.stderr.contains("Too many open files"), "{}", run.stderr);
    assert!(run.files().is_empty(), "{:?}", run.files());
}

#[test]
fn behind_a_new_root_only_the_profile_is_lost_and_that_is_said() {
    let empty = Scratch::new();
    let program = build::program("behind_a_new_root");
    let alone = Program::at("unshare")
        .args(["--map-root-user".as_ref(), program.as_os_str()])
        .args([empty.path()])
        .run_alone();
    let run = Program::at("unshare")
        .args(["--map-root-user", "env", "LOCKPROF_SAMPLE=1"])
        .args([format!("LD_PRELOAD={}", build::library().display())])
        .args([program.as_os_str(), empty.path().as_os_str()])
        .run_alone();
    expect_at_most_a_message(&run, &alone);
    assert!(run.stderr.contains("cannot write"), "{}", run.stderr);
    assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0);
}

#[test]
fn strange_mutexes_answer_as_they_do_alone() {
    let rows = Program::exact("strange_mutexes").compare().profile();
    rows.at("take_zeroed")
        .expect_counts("of zeroed memory", 20, 20);
    assert_eq!(rows.at("leave_locked").acquires(), 20, "{rows}");
}

#[test]
fn a_profile_is_its_owners_alone_and_nobodys_link_is_followed() {
    let scratch = Scratch::new();
    let (file, victim) = (scratch.join("fixed.pb.gz"), scratch.join("victim"));
    fs::write(&victim, "not to be touched").unwrap();
    for link in [file.clone(), scratch.join("fixed.pb.gz.part")] {
        symlink(&victim, link).unwrap();
    }
    Program::exact("recursive_exact").output(&file).compare();
    assert_eq!(fs::read_to_string(&victim).unwrap(), "not to be touched");
    let made = fs::symlink_metadata(&file).unwrap();
    assert!(made.is_file(), "{made:?}");
    assert_eq!(made.permissions().mode() & 0o777, 0o600);
    support::profile::Rows::read(&file).expect_counts("in all", 1000, 1000);
    assert!(!scratch.join("fixed.pb.gz.part").exists());
}
