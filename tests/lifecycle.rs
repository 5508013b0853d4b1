//! Options, places that cannot be written to, and being switched off.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;

use support::build;
use support::profile::{Rows, decode};
use support::program::{Program, Run, files_in};
use support::scratch::Scratch;

/// The program ran as it does alone, but for a few lines of ours.
fn expect_only_messages(run: &Run, lines: std::ops::RangeInclusive<usize>) {
    run.expect_success();
    let alone = Program::exact("recursive_exact").run_alone();
    assert_eq!(run.stdout, alone.stdout);
    let count = run.stderr.lines().count();
    assert!(
        lines.contains(&count),
        "lines on standard error:\n{}",
        run.stderr
    );
    assert!(
        run.stderr.is_empty() || run.stderr.ends_with('\n'),
        "{:?}",
        run.stderr
    );
    for line in run.stderr.lines() {
        assert!(
            line.starts_with("lockprof: ") && line.len() > 20,
            "{line:?}"
        );
    }
}

#[test]
fn switched_off_means_no_file_and_no_change() {
    for (name, value) in [
        ("LOCKPROF_ENABLED", "0"),
        ("LOCKPROF_ENABLED", "false"),
        ("DD_PROFILING_ENABLED", "0"),
        ("DD_PROFILING_ENABLED", "false"),
        ("DD_PROFILING_LOCK_ENABLED", "0"),
    ] {
        let run = Program::exact("recursive_exact").env(name, value).compare();
        assert!(run.files().is_empty(), "{name}={value}: {:?}", run.files());
    }
}

#[test]
fn switched_on_by_name_is_the_default() {
    for name in ["LOCKPROF_ENABLED", "DD_PROFILING_ENABLED"] {
        // The tracers' switch would also send to an Agent.
        let run = Program::exact("recursive_exact")
            .env("LOCKPROF_SINK", "file")
            .env(name, "1")
            .compare();
        run.profile().expect_counts("in all", 1000, 1000);
    }
}

#[test]
fn a_bad_value_is_reported_once_and_the_default_used() {
    for (name, value) in [
        ("LOCKPROF_SAMPLE", "abc"),
        ("LOCKPROF_SAMPLE", "0"),
        ("LOCKPROF_SAMPLE", ""),
        ("LOCKPROF_INTERVAL", "soon"),
        ("LOCKPROF_MAX_FRAMES", "-1"),
        ("LOCKPROF_ENABLED", "perhaps"),
    ] {
        let run = Program::sampled("recursive_exact").env(name, value).run();
        if value.is_empty() {
            // Set to nothing is not set.
            expect_only_messages(&run, 0..=0);
            continue;
        }
        expect_only_messages(&run, 1..=1);
        assert!(
            run.stderr.contains(name) && run.stderr.contains(value),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn a_variable_that_nobody_reads_is_reported() {
    let run = Program::exact("recursive_exact")
        .env("LOCKPROF_SAMPEL", "1")
        .env("LOCKPROF_DEBUG_DIRS", "/nowhere")
        .run();
    expect_only_messages(&run, 1..=1);
    assert!(
        run.stderr.contains("nobody reads LOCKPROF_SAMPEL"),
        "{}",
        run.stderr
    );
    run.profile().expect_counts("in all", 1000, 1000);
}

#[test]
fn two_bad_values_are_two_lines() {
    let run = Program::sampled("recursive_exact")
        .env("LOCKPROF_SAMPLE", "abc")
        .env("LOCKPROF_INTERVAL", "soon")
        .run();
    expect_only_messages(&run, 2..=2);
}

#[test]
fn a_bad_value_of_one_option_leaves_the_others() {
    let run = Program::exact("recursive_exact")
        .env("LOCKPROF_MAX_FRAMES", "many")
        .run();
    expect_only_messages(&run, 1..=1);
    run.profile().expect_counts("in all", 1000, 1000);
}

#[test]
fn the_percentage_of_the_tracers_sets_the_sampling() {
    let run = Program::sampled("recursive_exact")
        .env("DD_PROFILING_CAPTURE_PCT", "100")
        .compare();
    run.profile().expect_counts("in all", 1000, 1000);
}

#[test]
fn a_place_that_cannot_be_written_costs_only_a_message() {
    let scratch = Scratch::new();
    let file = scratch.join("file");
    fs::write(&file, "a file, not a directory").unwrap();
    for place in [
        "/proc/self/nothing/here".into(),
        "/proc/".into(),
        format!("{}/below/", file.display()),
        format!("{}/below", file.display()),
        "/dev/full/".into(),
    ] {
        let run = Program::exact("recursive_exact").output(&place).run();
        expect_only_messages(&run, 1..=2);
        assert!(run.files().is_empty(), "{place}: {:?}", run.files());
    }
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        "a file, not a directory"
    );
}

#[test]
fn a_pattern_names_the_file() {
    let scratch = Scratch::new();
    let pattern = format!("{}/of-%e-%p.pb.gz", scratch.path().display());
    let run = Program::exact("recursive_exact").output(&pattern).compare();
    assert!(run.files().is_empty(), "{:?}", run.files());
    let files = files_in(scratch.path());
    assert_eq!(files.len(), 1, "{files:?}");
    let name = files[0].file_name().unwrap().to_string_lossy();
    assert!(name.starts_with("of-recursive_exact-"), "{name}");
    support::profile::Rows::read(&files[0]).expect_counts("in all", 1000, 1000);
}

#[test]
fn without_an_output_the_current_directory_is_used() {
    let run = Program::exact("recursive_exact")
        .env("LOCKPROF_OUTPUT", "")
        .compare();
    let here: Vec<_> = files_in(run.home())
        .into_iter()
        .filter(|path| path.to_string_lossy().ends_with(".pb.gz"))
        .collect();
    assert_eq!(here.len(), 1, "{:?}", files_in(run.home()));
}

/// Runs the program where only a little can be written, in a mount namespace of its own.
fn run_on_small_disk(script: &str) -> Run {
    let program = build::program("recursive_exact");
    let mount = "mount -t tmpfs -o size=64k none profiles";
    let preload = build::library().display();
    let script = format!(
        "{mount} && {script} && LD_PRELOAD={preload} {}; code=$?; ls -A profiles >&3; exit $code",
        program.display()
    );
    Program::at("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c"])
        .args([format!("exec 3>listing; {script}")])
        .sample("1")
        .run_alone()
}

#[test]
fn a_full_disk_costs_only_a_message_and_leaves_no_half_file() {
    let run = run_on_small_disk("dd if=/dev/zero of=profiles/filler bs=1k count=64 status=none");
    expect_only_messages(&run, 1..=2);
    let listing = fs::read_to_string(run.home().join("listing")).unwrap();
    assert_eq!(listing, "filler\n");
}

#[test]
fn a_small_disk_that_is_large_enough_gets_its_profile() {
    let run = run_on_small_disk("true");
    run.expect_success();
    assert_eq!(run.stderr, "");
    let listing = fs::read_to_string(run.home().join("listing")).unwrap();
    assert_eq!(listing.lines().count(), 1, "{listing}");
    assert!(listing.trim_end().ends_with(".pb.gz"), "{listing}");
}

#[test]
fn a_limit_on_file_sizes_does_not_kill_the_program() {
    let run = Program::at("prlimit")
        .args(["--fsize=256", "env"])
        .args([format!("LD_PRELOAD={}", build::library().display())])
        .args([build::program("recursive_exact")])
        .sample("1")
        .run_alone();
    expect_only_messages(&run, 1..=2);
    assert!(run.files().is_empty(), "{:?}", run.files());
}

#[test]
fn without_memory_the_program_goes_on_and_is_told_once() {
    let alone = Program::exact("short_of_memory").run_alone();
    // Kibibytes: from too little for a queue to enough for everything.
    for kib in [
        300, 500, 700, 900, 1400, 2500, 5000, 9000, 12000, 17000, 20000, 40000,
    ] {
        let run = Program::exact("short_of_memory")
            .args([kib.to_string()])
            .run();
        run.expect_success();
        assert_eq!(run.stdout, alone.stdout, "{kib} KiB");
        let ours = run.stderr.lines().filter(|l| l.starts_with("lockprof: "));
        let count = run.stderr.lines().count();
        assert!(
            ours.count() == count && count <= 2,
            "{kib} KiB:\n{}",
            run.stderr
        );
        // Nothing is lost silently: a message, or a profile that adds up.
        if count == 0 {
            let rows = run.profile();
            let seen = rows.acquires() + rows.lost(" acquisitions");
            assert!(seen >= 3000, "{kib} KiB: {rows}");
        }
    }
}

#[test]
fn a_process_that_lost_all_says_so_in_a_profile_of_nothing() {
    let run = Program::exact("short_of_memory")
        .args(["300", "and room at the end"])
        .run();
    run.expect_success();
    let files = run.files();
    assert_eq!(files.len(), 1, "{files:?}");
    let rows = Rows::of(&decode(&files[0]));
    assert_eq!(rows.acquires(), 0, "{rows}");
    assert!(rows.lost(" acquisitions") >= 3000, "{rows}");
}
