//! What reports say of real programs under the real library, which know themselves what is so.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use support::{Scratch, live, lockprof, stderr, stdout};

/// A program of `c-tests` with lines, in a folder of its own.
struct Program {
    scratch: Scratch,
    path: PathBuf,
}

/// One run of it.
struct Run {
    profile: PathBuf,
    /// What it saw itself: a line for each.
    truth: String,
}

impl Program {
    /// For the test of this name.
    fn new(test: &str, source: &str) -> Self {
        let scratch = Scratch::new(test);
        let path = scratch.join("program");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../c-tests");
        let compiled = Command::new("cc")
            .args(["-O2", "-g", "-pthread", "-o"])
            .arg(&path)
            .arg(folder.join(source))
            .status();
        assert!(compiled.unwrap().success(), "cc {source}");
        Self { scratch, path }
    }

    /// Runs it with everything sampled; source lines are added.
    fn run(&self, flags: &[&str]) -> Run {
        let truth = self.scratch.join("truth");
        let profile = self.scratch.join("p.pb.gz");
        let _ = fs::remove_file(&truth);
        let output = lockprof()
            .args(["run", "-q", "--sample", "1", "-o"])
            .arg(&profile)
            .args(flags)
            .arg("--")
            .arg(&self.path)
            .env("LOCKPROF_LIBRARY", live::real_library())
            .env("TESTING_TRUTH", &truth)
            .env_remove("DEBUGINFOD_URLS")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(stderr(&output), "");
        let truth = fs::read_to_string(truth).unwrap_or_default();
        Run { profile, truth }
    }
}

impl Run {
    fn report(&self, by: &str) -> Value {
        let output = lockprof()
            .args(["report", "--format", "json", "--by", by])
            .arg(&self.profile)
            .output()
            .unwrap();
        assert_eq!(stderr(&output), "");
        serde_json::from_str(&stdout(&output)).unwrap()
    }

    /// The hints about the locks of this name, by kind.
    fn hint(&self, kind: &str, lock: &str) -> Option<Value> {
        let report = self.report("lock");
        let mut hints = report["hints"].as_array().unwrap().iter();
        let found = hints.find(|hint| hint["kind"] == kind && hint["lock"] == lock);
        found.cloned()
    }
}

#[test]
fn the_version_is_told_with_that_of_the_library_beside() {
    let library = live::real_library();
    let said = |argument: &str| {
        let mut command = lockprof();
        command.env("LOCKPROF_LIBRARY", library).arg(argument);
        stdout(&command.output().unwrap())
    };
    let notes = Command::new("readelf").arg("-n").arg(library).output();
    let notes = stdout(&notes.unwrap());
    let (_, id) = notes.split_once("Build ID: ").unwrap();
    let line = format!(
        "\nlibrary: {}, version {} with tls, control, build id {}\n",
        library.canonicalize().unwrap().display(),
        env!("CARGO_PKG_VERSION"),
        id.split_whitespace().next().unwrap(),
    );
    let long = said("--version");
    assert!(long.ends_with(&line), "{long}");
    assert_eq!(said("-V").lines().count(), 1);
    let nowhere = lockprof()
        .env("LOCKPROF_LIBRARY", "/nowhere/x.so")
        .arg("--version")
        .output()
        .unwrap();
    let said = stdout(&nowhere);
    assert!(
        said.contains("\nlibrary: liblockprof.so not found; "),
        "{said}"
    );
    assert!(nowhere.status.success());
}

/// The texts of a column.
fn texts(report: &Value, key: &str) -> BTreeSet<String> {
    let rows = report["rows"].as_array().unwrap().iter();
    rows.filter_map(|row| row[key].as_str().map(str::to_owned))
        .collect()
}

#[test]
fn a_convoy_is_told_when_there_was_one() {
    let program = Program::new("convoy", "hints/short_holds_queue.c");
    // A machine that is busy with other things can keep one from forming.
    let run = (0..30)
        .map(|_| program.run(&["--no-symbolize"]))
        .find(|run| run.truth.contains("was_convoy 1"))
        .unwrap_or_else(|| panic!("thirty runs, and none was a convoy by its own clock"));
    let hint = run.hint("convoy", "queued_for").unwrap();
    assert_eq!(hint["site"], "draw");
    let text = hint["text"].as_str().unwrap();
    assert!(
        text.ends_with("; most waited for while held in draw"),
        "{text}"
    );
    assert!(run.hint("long-hold", "queued_for").is_none());
}

#[test]
fn readers_that_exclude_each_other_are_told() {
    let program = Program::new("readers", "hints/readers_exclude_each_other.c");
    let run = program.run(&[]);
    let hint = run.hint("readers", "table_lock").unwrap();
    assert_eq!(hint["functions"], 2, "{hint}");
    assert_eq!(hint["reading_ns"], hint["hold_ns"], "{hint}");
}

#[test]
fn with_lines_edges_and_holders_name_the_function_that_was_inlined() {
    let program = Program::new("inlined", "hints/short_holds_queue.c");
    let run = program.run(&[]);
    let (edges, holders) = (run.report("edge"), run.report("holder"));
    let mut held_by = texts(&edges, "holder_site");
    held_by.remove("[unknown]");
    assert_eq!(held_by.len(), 1, "{edges:#}");
    let place = held_by.first().unwrap();
    assert!(
        place.starts_with("let_the_next_draw (short_holds_queue.c:"),
        "{place}"
    );
    assert!(texts(&holders, "site").is_superset(&held_by), "{holders:#}");
    // What each says of it is the same, but for waits whose holder nobody saw.
    let blamed = |report: &Value, key: &str, site: &str| -> u64 {
        let rows = report["rows"].as_array().unwrap().iter();
        let of_place = rows.filter(|row| row[site] == place.as_str());
        of_place.map(|row| row[key].as_u64().unwrap()).sum()
    };
    assert!(blamed(&edges, "wait_ns", "holder_site") > 0);
    assert!(blamed(&holders, "blocked_ns", "site") > 0);
}

#[test]
fn waits_that_a_signal_ended_are_no_timeouts() {
    let program = Program::new("interrupted", "futex_waits.c");
    let run = program.run(&["--locks", "+futex"]);
    let report = run.report("sync");
    let rows = report["rows"].as_array().unwrap();
    let of = |waker: &str| {
        let mut ended = rows.iter().filter(|row| row["waker_site"] == waker);
        let row = ended.next().unwrap_or_else(|| panic!("{report:#}"));
        let numbers = ["timeouts", "interrupted"].map(|key| row[key].as_u64());
        numbers.map(Option::unwrap)
    };
    assert_eq!(of("[interrupted]"), [0, 1]);
    assert_eq!(of("[timeout]"), [1, 0]);
    let total = &report["total"];
    assert_eq!(
        (&total["timeouts"], &total["interrupted"]),
        (&3.into(), &1.into())
    );
    // Where its waker woke it stands with its line.
    let woken = texts(&report, "waker_site");
    assert!(
        woken
            .iter()
            .any(|site| site.starts_with("throw_ball (futex_waits.c:")),
        "{woken:?}"
    );
}
