//! What profiles say, compared with an oracle that counts and times its own locks in patterns that are hard on samplers.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use contract::sample_type::label;
use support::build;
use support::profile::Rows;
use support::program::{Program, Run};

/// Patterns of locks that belong to one thread each, and how much of each is enough.
const FREE: [(&str, &str); 6] = [
    ("nested", "3"),
    ("loop", "5"),
    ("bursts", "3"),
    ("threads", "10"),
    ("rare", "3"),
    ("steps", "1"),
];
/// Patterns of a lock that is fought for.
const FOUGHT_FOR: [(&str, &str); 2] = [("pareto", "10"), ("bimodal", "10")];

/// The oracle, built once.
fn oracle() -> &'static Path {
    static ORACLE: OnceLock<PathBuf> = OnceLock::new();
    ORACLE.get_or_init(|| {
        let sources = build::root().join("c-tests/oracle");
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracle");
        let mut files: Vec<PathBuf> = fs::read_dir(&sources)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "c"))
            .collect();
        files.sort();
        let flags = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O2", "-g"];
        build::run(
            Command::new("gcc")
                .args(flags)
                .args(["-fno-optimize-sibling-calls", "-pthread", "-o"])
                .arg(&program)
                .args(files)
                .arg("-lm"),
        );
        program
    })
}

/// A pattern, so many hundredths of it.
fn pattern((name, size): (&str, &str)) -> Program {
    Program::at(oracle()).args([name, size])
}

/// What the oracle says of all its locks, of a site or of a lock.
#[derive(Debug)]
struct Truth(BTreeMap<String, String>);

impl Truth {
    /// All lines of a run that ended well.
    fn of(run: &Run) -> Vec<Self> {
        assert!(run.status.success(), "{}\n{}", run.status, run.stderr);
        assert_eq!(run.stderr, "");
        run.stdout.lines().map(Self::read).collect()
    }

    /// One line: a flat JSON object without commas in its texts.
    fn read(line: &str) -> Self {
        let inside = line.trim_start_matches('{').trim_end_matches('}');
        let pairs = inside.split(", ").map(|pair| {
            let (key, value) = pair.split_once(": ").unwrap();
            (key.replace('"', ""), value.replace('"', ""))
        });
        Self(pairs.collect())
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    fn number(&self, key: &str) -> i64 {
        self.text(key)
            .unwrap_or_else(|| panic!("no {key} in {self:?}"))
            .parse()
            .unwrap()
    }

    /// The rows it is about; none for the line of what clocks cost.
    fn select(&self, rows: &Rows) -> Option<Rows> {
        match (self.text("site"), self.text("address")) {
            (Some(site), _) => Some(rows.at(site)),
            (_, Some(address)) => Some(rows.with(label::LOCK, address)),
            _ => self.text("pattern").map(|_| rows.clone()),
        }
    }
}

/// The line about everything.
fn total(truths: &[Truth]) -> &Truth {
    truths
        .iter()
        .find(|truth| truth.text("pattern").is_some())
        .unwrap()
}

/// Number and time of all waits, which the profile carries beside the estimates.
fn exact_waits(rows: &Rows) -> (i64, i64) {
    let totals = contract::comment::find(&rows.comments, contract::comment::EXACT_WAITS).unwrap();
    let mut numbers = totals
        .split(' ')
        .filter_map(|word| word.parse::<i64>().ok());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

#[test]
fn every_acquisition_of_every_pattern_is_counted_once_and_in_its_place() {
    for case in FREE.into_iter().chain(FOUGHT_FOR) {
        let run = pattern(case).sample("1").run();
        let rows = run.profile();
        assert_eq!(rows.lost(""), 0, "{rows}");
        let mut compared = 0;
        for truth in Truth::of(&run) {
            let Some(own) = truth.select(&rows) else {
                continue;
            };
            let taken = truth.number("acquisitions");
            own.expect_counts(&format!("{truth:?}"), taken, taken);
            let holds = own.depth(1).releases();
            assert_eq!(holds, truth.number("holds"), "{truth:?}\n{own}");
            compared += 1;
        }
        assert!(compared > 2, "{case:?}: the oracle said {}", run.stdout);
    }
}

#[test]
fn a_hold_lies_between_what_its_thread_saw_inside_and_outside() {
    for case in FREE {
        let run = pattern(case).sample("1").run();
        let (rows, truths) = (run.profile(), Truth::of(&run));
        let clock_ns = truths[0].number("clock_ns");
        for truth in &truths[1..] {
            let own = truth.select(&rows).unwrap();
            let (seen, holds) = (own.hold_ns(), truth.number("holds"));
            // However busy the machine is: two clocks inside the hold, two outside.
            let inside = truth.number("hold_ns") - holds * clock_ns;
            assert!(inside <= seen, "held {seen} ns of {inside} ns, {truth:?}");
            // Of locks the oracle does not know when they were left, only of sites.
            if truth.text("address").is_none() {
                let outside = truth.number("span_ns");
                assert!(seen <= outside, "held {seen} ns in {outside} ns, {truth:?}");
            }
        }
    }
}

#[test]
fn a_lock_that_nobody_fights_for_shows_no_wait() {
    for case in FREE {
        let rows = pattern(case).sample("1").run().profile();
        assert_eq!((rows.contentions(), rows.wait_ns()), (0, 0), "{rows}");
        assert_eq!(exact_waits(&rows), (0, 0), "{rows}");
    }
}

#[test]
fn every_wait_is_kept_and_as_long_as_its_thread_saw_it() {
    for case in FOUGHT_FOR {
        let run = pattern(case).sample("1").run();
        let rows = run.profile();
        // Two ways to the same numbers: rows, and counters that know no rows.
        let seen = rows.wait_ns();
        assert_eq!((rows.contentions(), seen), exact_waits(&rows), "{rows}");
        let truths = Truth::of(&run);
        let (waited, calls) = (
            total(&truths).number("wait_ns"),
            total(&truths).number("call_ns"),
        );
        assert!(seen <= calls, "waited {seen} ns in {calls} ns\n{rows}");
        rows.expect_close("waiting", seen, waited, 5);
    }
}

/// Fails unless an estimated count is as near to the truth as chance allows: within
/// six standard deviations of a sampler that takes one in a hundred independently.
fn expect_plausible(rows: &Rows, truth: &Truth) {
    let taken = truth.number("acquisitions") as f64;
    let seen = rows.acquires() as f64;
    let deviation = (99.0 * taken).sqrt();
    assert!(
        (seen - taken).abs() < 6.0 * deviation,
        "{seen} for {truth:?}, standard deviation {deviation}\n{rows}"
    );
}

#[test]
fn a_loop_that_fits_the_period_is_estimated_as_well_as_any() {
    // Whoever took every hundredth would always meet the same of its four steps; and
    // without a limit no throttle makes the period another.
    let run = pattern(("loop", "100"))
        .env("LOCKPROF_CPU_LIMIT", "0")
        .run();
    let rows = run.profile();
    for truth in Truth::of(&run) {
        if truth.text("site") != Some("calibrate")
            && let Some(own) = truth.select(&rows)
        {
            expect_plausible(&own, &truth);
        }
    }
}

#[test]
fn sampled_waits_add_up_to_all_waiting() {
    let rows = pattern(("bimodal", "50")).run().profile();
    let (waits, wait_ns) = exact_waits(&rows);
    assert!(waits > 100, "{rows}");
    // Those below 100 us are scaled up, and are a small part of the time.
    rows.expect_close("waiting", rows.wait_ns(), wait_ns, 5);
}

#[test]
fn an_acquisition_after_a_long_wait_is_counted_for_itself_and_its_hold_measured() {
    let run = Program::sampled("long_waits")
        .env("LOCKPROF_CPU_LIMIT", "0")
        .compare();
    let rows = run.profile();
    let waiter = rows.at("take_after_wait");
    // Where one in a hundred stood for all, these would be hundreds.
    waiter.expect_close("acquisitions", waiter.acquires(), 200, 3);
    waiter.expect_close("releases", waiter.releases(), 200, 3);
    waiter.expect_close("contentions", waiter.contentions(), 200, 3);
    waiter.expect_close("hold", waiter.hold_ns(), run.truth("held_ns"), 5);
}
