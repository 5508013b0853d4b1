//! What `LOCKPROF_INCLUDE` and `LOCKPROF_EXCLUDE` leave in a profile, what they leave out, and that the one and the other are everything.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use contract::comment;
use contract::sample_type::{SampleType, label};
use support::build;
use support::profile::Rows;
use support::program::{Program, Run};

/// Functions that take locks, each as often.
const TAKERS: [&str; 5] = [
    "take_in_program",
    "noisy_first",
    "noisy_second",
    "take_in_library",
    "take_through_wrapper",
];

fn library() -> PathBuf {
    build::shared_library("filter_library")
}

fn filtered(filters: &[(&str, &str)]) -> Program {
    let program = build::program_with("filtered_places", &[&library()]);
    let program = Program::at(program);
    filters
        .iter()
        .fold(program, |program, (name, places)| program.env(name, places))
}

/// The profile of a run in which every acquisition was to be recorded.
fn exact(filters: &[(&str, &str)]) -> (Run, Rows) {
    let run = filtered(filters).sample("1").compare();
    let rows = run.profile();
    (run, rows)
}

/// What the profile says was left out of one sort: how many, and their time.
fn left_out(rows: &Rows, what: &str) -> (i64, i64) {
    let all = comment::find(&rows.comments, comment::LEFT_OUT).unwrap_or("");
    let of_sort = |text: &&str| {
        text.split_once(' ')
            .is_some_and(|(_, of)| of.starts_with(what))
    };
    let text = all.split("; ").find(of_sort).unwrap_or("");
    let mut numbers = text.split([' ', ',']).filter_map(|word| word.parse().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// Fails unless these takers are in the profile, every time, and no others.
fn expect_takers(rows: &Rows, rounds: i64, expected: &[&str]) {
    for taker in TAKERS {
        let count = if expected.contains(&taker) { rounds } else { 0 };
        let acquires = match taker {
            "take_through_wrapper" => rows
                .through(taker)
                .filter(|row| row.leaf() == "uv_mutex_lock"),
            _ => rows.at(taker),
        };
        assert_eq!(acquires.acquires(), count, "{taker}\n{rows}");
        assert_eq!(rows.at(taker).releases(), count, "{taker}\n{rows}");
    }
    assert_eq!(rows.lost(""), 0, "{rows}");
}

/// Fails unless what is there and what was left out are all there was: seven
/// acquisitions or failed attempts a round, and four where somebody waits.
fn expect_everything(rows: &Rows, rounds: i64) {
    let failed = rows.result("busy").contentions() + left_out(rows, "failed attempts").0;
    assert_eq!(failed, rounds, "{rows}");
    let acquired = rows.acquires() + left_out(rows, "acquisitions").0;
    assert_eq!(acquired, 6 * rounds + 2, "{rows}");
    let released = rows.releases() + left_out(rows, "releases").0;
    assert_eq!(released, 6 * rounds + 2, "{rows}");
}

#[test]
fn a_library_is_left_out_and_its_wrappers_count_for_their_callers() {
    let (run, rows) = exact(&[("LOCKPROF_EXCLUDE", "libother,libfilter_library")]);
    let rounds = run.truth("rounds");
    let kept = [
        "take_in_program",
        "noisy_first",
        "noisy_second",
        "take_through_wrapper",
    ];
    expect_takers(&rows, rounds, &kept);
    expect_everything(&rows, rounds);
    // Each call counts by its own place.
    rows.at("release_in_program")
        .expect_counts("elsewhere", 0, rounds);
    assert!(rows.at("only_take_in_library").is_empty(), "{rows}");
    assert!(rows.at("hold_in_library").is_empty(), "{rows}");
}

#[test]
fn functions_are_left_out_by_the_beginning_of_their_names() {
    let (run, rows) = exact(&[("LOCKPROF_EXCLUDE", "noisy_*")]);
    let rounds = run.truth("rounds");
    let kept = ["take_in_program", "take_in_library", "take_through_wrapper"];
    expect_takers(&rows, rounds, &kept);
    expect_everything(&rows, rounds);
    assert_eq!(left_out(&rows, "failed attempts").0, rounds, "{rows}");
    assert_eq!(left_out(&rows, "acquisitions").0, 2 * rounds, "{rows}");
}

#[test]
fn nothing_but_what_is_included_is_kept_and_exclusion_wins() {
    let path = library();
    let (run, rows) = exact(&[("LOCKPROF_INCLUDE", path.to_str().unwrap())]);
    expect_takers(&rows, run.truth("rounds"), &["take_in_library"]);
    expect_everything(&rows, run.truth("rounds"));

    let (run, rows) = exact(&[
        ("LOCKPROF_INCLUDE", "filtered_places"),
        ("LOCKPROF_EXCLUDE", "noisy_*,wait_in_*"),
    ]);
    expect_takers(
        &rows,
        run.truth("rounds"),
        &["take_in_program", "take_through_wrapper"],
    );
    expect_everything(&rows, run.truth("rounds"));
}

#[test]
fn a_wait_is_put_down_to_a_holder_who_is_left_out() {
    let (run, rows) = exact(&[("LOCKPROF_EXCLUDE", "libfilter_library")]);
    let wait = rows
        .at("wait_in_program")
        .filter(|row| row.sample.values[SampleType::AcquireWait.index()] > 0);
    wait.expect_close("wait", wait.wait_ns(), run.truth("waited_ns"), 10);
    assert_eq!(
        wait.texts(label::BLOCKING_SITE),
        ["hold_in_library"],
        "{rows}"
    );
    // The holder's own row is not there, and the waiting it caused is said to be left out.
    assert_eq!(rows.sum(SampleType::Blocked), 0, "{rows}");
    let (charges, blocked_ns) = left_out(&rows, "charges");
    assert_eq!(charges, 1, "{rows}");
    wait.expect_close("blame", blocked_ns, wait.wait_ns(), 20);
}

#[test]
fn exact_totals_of_waiting_agree_with_what_is_estimated_and_left_out() {
    let (run, rows) = exact(&[("LOCKPROF_EXCLUDE", "wait_in_program*")]);
    assert_eq!(rows.wait_ns(), 0, "{rows}");
    let (waits, wait_ns) = left_out(&rows, "waits");
    assert_eq!(waits, 1, "{rows}");
    rows.expect_close("left out", wait_ns, run.truth("waited_ns"), 10);
    let expected = format!("mutex: 1 of {wait_ns} ns, estimated 1 of {wait_ns} ns");
    let check = comment::find(&rows.comments, comment::EXACT_WAITS_OF);
    assert_eq!(check, Some(expected.as_str()), "{rows}");
}

#[test]
fn sampled_estimates_of_what_is_kept_are_not_biased() {
    // Few records, and a thread of ours from the start: what a machine that is late
    // would lose is no matter of filters.
    let run = filtered(&[("LOCKPROF_EXCLUDE", "libfilter_library,noisy_*")])
        .sample("10")
        .env("LOCKPROF_EXPORTER", "constructor")
        .env("LOCKPROF_CPU_LIMIT", "0")
        .compare();
    let (rows, rounds) = (run.profile(), run.truth("rounds"));
    let takers = ["take_in_program", "take_through_wrapper"];
    let kept = rows.filter(|row| row.stack.iter().any(|name| takers.contains(&name.as_str())));
    // 3200 / 10 of them, so a standard error of 5.6 %.
    kept.expect_close("acquisitions", kept.acquires(), 2 * rounds, 25);
    kept.expect_close("releases", kept.releases(), 2 * rounds, 25);
    let all = rows.acquires() + left_out(&rows, "acquisitions").0;
    rows.expect_close("all acquisitions", all, 6 * rounds, 15);
}

/// Instructions below one function of a program, counted by callgrind.
fn instructions_in(program: &Path, function: &str) -> i64 {
    let run = Program::at("valgrind")
        .args(["--quiet", "--tool=callgrind", "--callgrind-out-file=counts"])
        .args([format!("--toggle-collect={function}")])
        .args([program])
        .env("LD_PRELOAD", build::library().to_str().unwrap())
        .env("LOCKPROF_EXCLUDE", "noisy_*")
        .sample("1")
        .within(Duration::from_secs(60))
        .run_alone();
    run.expect_success();
    let counts = fs::read_to_string(run.home().join("counts")).unwrap();
    let total = counts
        .lines()
        .find_map(|line| line.strip_prefix("totals: "));
    total.unwrap().parse().unwrap()
}

#[test]
fn where_a_call_is_known_to_be_left_out_no_stack_is_taken() {
    let program = build::program("excluded_cost");
    let noisy = instructions_in(&program, "count_noisy");
    let kept = instructions_in(&program, "count_kept");
    // All else is the same in both, 50 frames and the record for each of 400 apart.
    assert!(
        2 * noisy < kept,
        "{noisy} where left out, {kept} where kept"
    );
}

#[test]
fn a_profile_without_rows_says_what_was_left_out() {
    let run = filtered(&[("LOCKPROF_INCLUDE", "libnothing")])
        .sample("1")
        .compare();
    let files = run.files();
    assert_eq!(files.len(), 1, "{files:?}");
    let profile = support::profile::decode(&files[0]);
    assert!(profile.samples.is_empty());
    let rows = Rows::of(&profile);
    expect_everything(&rows, run.truth("rounds"));
}
