//! `lockprof report` on a part of a profile: some locks, threads, kinds, functions, rows.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use serde_json::Value;
use support::several::{self, THREADS};
use support::{Scratch, lockprof, stderr, stdout};

/// The report of the profile of several locks.
fn report(name: &str, arguments: &[&str]) -> (String, String) {
    let scratch = Scratch::new(name);
    let file = scratch.file("p.pb.gz", &several::encoded());
    let output = lockprof()
        .arg("report")
        .args(arguments)
        .arg(file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    (stdout(&output), stderr(&output))
}

fn json(name: &str, arguments: &[&str]) -> Value {
    let all = [&["--format", "json"], arguments].concat();
    serde_json::from_str(&report(name, &all).0).unwrap()
}

/// The names in the first column of the rows.
fn names(document: &Value, key: &str) -> Vec<String> {
    let rows = document["rows"].as_array().unwrap().iter();
    rows.map(|row| row[key].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_filter_lets_through_what_it_says() {
    for (arguments, expected) in [
        (&["--lock", "^cache"][..], &["cache_mu"][..]),
        (&["--lock", "0x6000"], &["table_rw"]),
        (&["--lock", "(?i)CACHE|TABLE"], &["cache_mu", "table_rw"]),
        (&["--thread", "reader"], &["table_rw", "cache_mu"]),
        (&["--thread", "12"], &["cache_mu", "log<1>"]),
        (&["--kind", "rwlock"], &["table_rw"]),
        (&["--kind", "mutex, rwlock-write"], &["cache_mu", "log<1>"]),
        (&["--focus", "operator<"], &["log<1>"]),
        (&["--focus", "store\\.cc"], &["cache_mu"]),
        (&["--ignore", "put|operator"], &["table_rw", "cache_mu"]),
        (&["--thread", "writer", "--focus", "put"], &["cache_mu"]),
        (&["--min-wait", "0.1s"], &["cache_mu", "table_rw"]),
    ] {
        let document = json("filter", arguments);
        assert_eq!(names(&document, "lock"), expected, "{arguments:?}");
    }
}

#[test]
fn numbers_are_of_what_is_let_through_and_shares_of_all_threads() {
    let all = json("all", &[]);
    let some = json("some", &["--focus", "put"]);
    assert_eq!(all["threads"], THREADS);
    assert_eq!(some["threads"], THREADS);
    assert_eq!(some["rows"][0]["wait_ns"], 1_200_000_000);
    // 1.2 s of three threads for ten seconds each.
    assert_eq!(some["rows"][0]["bound_percent"], 4.0);
    assert_eq!(some["total"]["wait_ns"], 1_200_000_000);
    let thread = json("thread", &["--thread", "writer"]);
    assert_eq!(thread["threads"], 1);
    // What it may be off does not depend on what else is looked at.
    let of_lock = |document: &Value| {
        let rows = document["rows"].as_array().unwrap();
        let row = rows.iter().find(|row| row["lock"] == "table_rw").unwrap();
        row["wait_error_ns"].clone()
    };
    let kind = json("kind", &["--kind", "rwlock"]);
    assert!(of_lock(&all).as_u64().unwrap() > 0);
    assert_eq!(of_lock(&all), of_lock(&kind));
}

#[test]
fn the_head_says_what_was_left_out() {
    let (text, _) = report(
        "head",
        &["--lock", "mu|rw", "--ignore", "x", "--min-wait", "400ms"],
    );
    let line = "\nonly --lock mu|rw --ignore x; 1 row with less than 400 ms of waiting left out\n";
    assert!(text.contains(line), "{text}");
    let document = json("head-json", &["--lock", "mu|rw", "--min-wait", "400ms"]);
    assert_eq!(document["filters"]["lock"], "mu|rw");
    assert_eq!(document["min_wait_ns"], 400_000_000);
    assert_eq!(document["rows_left_out"], 1);
    // The sum is that of all that was let through.
    assert_eq!(document["total"]["wait_ns"], 1_800_000_000);
}

#[test]
fn a_filter_that_leaves_nothing_is_said_so() {
    let (text, said) = report("nothing", &["--lock", "nonsense", "--kind", "spin"]);
    let line = "lockprof: nothing is left by --lock nonsense --kind spin\n";
    assert_eq!(said, line);
    assert!(!text.contains("cache_mu"), "{text}");
}

#[test]
fn a_row_of_a_kind_has_all_its_locks_or_sync_waits() {
    let document = json("kinds", &["--by", "kind"]);
    let rows = document["rows"].as_array().unwrap();
    let found: Vec<_> = rows
        .iter()
        .map(|row| ["kind", "class", "locks", "wait_ns", "acquisitions"].map(|key| &row[key]))
        .collect();
    let null = Value::Null;
    assert_eq!(
        found,
        [
            [
                &"cond".into(),
                &"sync".into(),
                &1.into(),
                &5_000_000_000_u64.into(),
                &null
            ],
            [
                &"mutex".into(),
                &"lock".into(),
                &2.into(),
                &1_550_000_000.into(),
                &1_010.into()
            ],
            [
                &"rwlock-read".into(),
                &"lock".into(),
                &1.into(),
                &300_000_000.into(),
                &100.into()
            ],
        ]
    );
    assert_eq!(document["total"]["wait_ns"], 1_850_000_000);
}

#[test]
fn a_histogram_shows_waits_and_holds_by_length() {
    let (text, _) = report("histogram", &["--histogram", "--lock", "cache_mu"]);
    let bar = "█".repeat(40);
    let waits =
        format!("\nwaits of cache_mu\n ≥ 524 µs       1,500   100%       1.50 s   100%  {bar}\n");
    let holds =
        format!("\nholds of cache_mu\n≥ 2.10 ms       1,000   100%       4.00 s   100%  {bar}\n");
    assert!(text.contains(&(waits + &holds)), "{text}");
    let document = json("histogram-json", &["--histogram", "--lock", "cache_mu"]);
    let row = &document["rows"][0];
    let sum = |of: &str, what: &str| -> u64 {
        let buckets = row[of].as_array().unwrap().iter();
        buckets.map(|bucket| bucket[what].as_u64().unwrap()).sum()
    };
    assert_eq!(sum("wait_histogram", "events"), row["waits"]);
    assert_eq!(sum("wait_histogram", "time_ns"), row["wait_ns"]);
    assert_eq!(sum("hold_histogram", "events"), row["holds"]);
    assert_eq!(sum("hold_histogram", "time_ns"), row["hold_ns"]);
}

#[test]
fn wrong_filters_are_refused_in_one_line() {
    for (arguments, line) in [
        (
            &["--lock", "("][..],
            "lockprof: --lock (: no regular expression: unclosed group\n",
        ),
        (
            &["--ignore", "a{2,1}"],
            "lockprof: --ignore a{2,1}: no regular expression: invalid repetition count range, \
             the start must be <= the end\n",
        ),
        (
            &["--kind", "mutex,nonsense"],
            "lockprof: --kind nonsense: no kind; there are mutex, recursive, errorcheck, adaptive, \
             rwlock-read, rwlock-write, spin, semaphore, openmp, cond, barrier, once, join, futex, \
             file, and rwlock for both of its two\n",
        ),
        (
            &["--min-wait", "long"],
            "lockprof: --min-wait long: no time, as 10ms or 1.5s\n",
        ),
        (
            &["--histogram", "--format", "csv"],
            "lockprof: --histogram goes with --format table, markdown or json\n",
        ),
        (
            &["--root", "lock"],
            "lockprof: --root goes with --format folded or speedscope\n",
        ),
        (
            &["--format", "dot", "--by", "lock"],
            "lockprof: --by lock: a graph is --by edge or --by sync\n",
        ),
    ] {
        let output = lockprof()
            .arg("report")
            .args(arguments)
            .arg("x")
            .output()
            .unwrap();
        assert_eq!(stderr(&output), line);
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(stdout(&output), "");
    }
}
