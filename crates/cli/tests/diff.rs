//! `lockprof diff` of two profiles: what differs, what chance explains, and what fails a check.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::process::Output;

use contract::pprof;
use contract::profile::Profile;
use serde_json::Value;
use support::{Scratch, assert_golden, gzip, lockprof, several, stderr, stdout};

/// The profile of several locks, with twice the waiting in `put`, and a line further down.
fn after() -> Profile {
    let mut profile = several::profile();
    let put = &mut profile.samples[0];
    put.values[1] *= 2;
    put.values[4] *= 2;
    put.values[6] *= 2;
    // Sampled waits, of 10 each: 300 more or less are chance.
    profile.samples[1].values[1] += 50_000_000;
    profile.samples[1].values[4] += 50;
    profile.samples[1].values[6] += 5;
    profile.locations[1].lines[0].line = 99;
    profile
}

fn diff(name: &str, profiles: [&Profile; 2], arguments: &[&str]) -> Output {
    let scratch = Scratch::new(name);
    let [before, after] = profiles.map(|profile| gzip(&pprof::encode(profile)));
    scratch.file("before.pb.gz", &before);
    scratch.file("after.pb.gz", &after);
    lockprof()
        .current_dir(scratch.path())
        .arg("diff")
        .args(arguments)
        .args(["before.pb.gz", "after.pb.gz"])
        .output()
        .unwrap()
}

fn json(name: &str, profiles: [&Profile; 2], arguments: &[&str]) -> Value {
    let arguments = [&["--format", "json"], arguments].concat();
    let output = diff(name, profiles, &arguments);
    serde_json::from_str(&stdout(&output)).unwrap()
}

#[test]
fn every_format_keeps_its_shape() {
    let (before, after) = (several::profile(), after());
    for (golden, arguments) in [
        ("diff.txt", &[][..]),
        ("diff-by-site.txt", &["--by", "site", "--value", "hold"]),
        ("diff.md", &["--format", "markdown"]),
        ("diff.csv", &["--format", "csv", "--lock", "cache"]),
        ("diff.json", &["--format", "json", "--top", "1"]),
    ] {
        let output = diff("shapes", [&before, &after], arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(stderr(&output), "");
        assert_golden(golden, &stdout(&output));
    }
}

#[test]
fn what_chance_explains_is_not_significant() {
    let (before, after) = (several::profile(), after());
    let document = json("chance", [&before, &after], &["--by", "site"]);
    let rows = document["rows"].as_array().unwrap();
    let of = |site: &str| {
        let row = rows.iter().find(|row| row["site"].as_str() == Some(site));
        row.unwrap_or_else(|| panic!("{document}"))
    };
    let put = of("Store::put (store.cc)");
    assert_eq!(put["wait_before_ns"], 1_200_000_000);
    assert_eq!(put["wait_after_ns"], 2_400_000_000_u64);
    assert_eq!(put["wait_change_percent"], 100);
    assert_eq!(put["wait_change_significant"], true);
    let get = of("Store::get (main.cc)");
    assert_eq!(get["wait_change_ns"], 50_000_000);
    assert_eq!(get["wait_change_significant"], false);
}

#[test]
fn the_error_of_a_difference_is_that_of_both_sides_together() {
    let profile = several::profile();
    let document = json("both", [&profile, &profile], &["--lock", "table"]);
    let scratch = Scratch::new("one");
    let file = scratch.file("p.pb.gz", &several::encoded());
    let report = lockprof()
        .args(["report", "--format", "json", "--lock", "table"])
        .arg(file)
        .output()
        .unwrap();
    let report: Value = serde_json::from_str(&stdout(&report)).unwrap();
    let one = report["rows"][0]["wait_error_ns"].as_f64().unwrap();
    let both = document["rows"][0]["wait_change_error_ns"]
        .as_f64()
        .unwrap();
    assert!((both - one * 2.0_f64.sqrt()).abs() < 1.0, "{one} {both}");
    assert_eq!(document["rows"][0]["wait_change_significant"], false);
}

#[test]
fn profiles_of_other_lengths_are_compared_second_by_second() {
    let (before, mut after) = (several::profile(), several::profile());
    after.duration_ns *= 2;
    let document = json("seconds", [&before, &after], &[]);
    let row = &document["rows"][0];
    assert_eq!(document["per_second"], true);
    assert_eq!(row["wait_before_ns"], 150_000_000);
    assert_eq!(row["wait_after_ns"], 75_000_000);
    let whole = json("whole", [&before, &after], &["--scale", "whole"]);
    assert_eq!(whole["rows"][0]["wait_change_ns"], 0);
    let output = diff("said", [&before, &after], &[]);
    let head = "before: 10.0 s, after: 20.0 s; all numbers are of one second\n";
    assert!(stdout(&output).starts_with(head), "{}", stdout(&output));
}

#[test]
fn a_lock_of_one_side_only_is_new_or_gone() {
    let (all, mut less) = (several::profile(), several::profile());
    less.samples.remove(4);
    let gone = stdout(&diff("gone", [&all, &less], &["--lock", "log"]));
    assert!(gone.contains(" gone "), "{gone}");
    let new = diff("new", [&less, &all], &["--fail-on", "wait>+500%"]);
    assert!(stdout(&new).contains(" new "), "{}", stdout(&new));
    assert_eq!(
        stderr(&new),
        "lockprof: wait>+500%: log<1>: new, 0 ns to 50.0 ms\n"
    );
    assert_eq!(new.status.code(), Some(3));
}

#[test]
fn a_check_fails_only_by_what_is_significant() {
    let (before, after) = (several::profile(), after());
    for (arguments, code, said) in [
        (
            &["--fail-on", "wait>+20%"][..],
            3,
            "wait>+20%: cache_mu: +83.3%, 1.50 s to 2.75 s",
        ),
        (&["--fail-on", "wait>+90%"], 0, ""),
        (
            &["--fail-on", "wait>+2s", "--fail-on", "waits>+1000"],
            3,
            "waits>+1000: cache_mu: ",
        ),
        (&["--fail-on", "wait>+2s"], 0, ""),
        // It has grown, and by more, but chance explains it.
        (
            &["--fail-on", "wait>+1%", "--by", "site", "--ignore", "put"],
            0,
            "",
        ),
        (&["--fail-on", "wait>+1%", "--lock", "table"], 0, ""),
        (&["--fail-on", "hold>+1%"], 0, ""),
    ] {
        let output = diff("check", [&before, &after], arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        let first = stderr(&output).lines().next().unwrap_or("").to_owned();
        let prefix = if said.is_empty() { "" } else { "lockprof: " };
        assert!(first.starts_with(&format!("{prefix}{said}")), "{first}");
        assert_eq!(first.is_empty(), said.is_empty());
    }
    // A misspelt filter would else pass for ever.
    let nothing = ["--fail-on", "wait>+1%", "--lock", "cahce"];
    let output = diff("nothing", [&before, &after], &nothing);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).starts_with("lockprof: nothing is left by --lock"));
    assert_eq!(
        diff("shown", [&before, &after], &nothing[2..])
            .status
            .code(),
        Some(0)
    );
    // The other way round it is no growth.
    let output = diff("fewer", [&after, &before], &["--fail-on", "wait>+1%"]);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn what_cannot_be_compared_is_said_in_one_line() {
    let scratch = Scratch::new("bad");
    let file = scratch.file("p.pb.gz", &several::encoded());
    let missing = scratch.join("missing");
    let output = lockprof()
        .arg("diff")
        .args([&file, &missing])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), "");
    assert_eq!(stderr(&output).lines().count(), 1);
    let profile = several::profile();
    for condition in ["wait", "wait>20s%", "colour>+1%", "waits>+5ms"] {
        let output = diff("condition", [&profile, &profile], &["--fail-on", condition]);
        assert_eq!(output.status.code(), Some(2));
        let said = stderr(&output);
        assert!(said.starts_with(&format!(
            "lockprof: --fail-on {condition}: no condition, as "
        )));
        assert_eq!(said.lines().count(), 1);
    }
    let one = lockprof().arg("diff").arg(&file).output().unwrap();
    assert_eq!(one.status.code(), Some(2));
}
