//! The sums of one profile in every form in which somebody may look at it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::ffi::OsStr;
use std::path::Path;

use serde_json::Value;
use support::{Scratch, lockprof, several, stderr, stdout, tool};

/// One value: its word in options, its key in reports, its column in the page and in pprof.
struct Measure {
    word: &'static str,
    total: &'static str,
    column: &'static str,
    sample_type: &'static str,
    /// What a report is by that is about it.
    by: &'static str,
}

const MEASURES: [Measure; 6] = [
    Measure {
        word: "wait",
        total: "wait_ns",
        column: "wait",
        sample_type: "lock-acquire-wait",
        by: "lock",
    },
    Measure {
        word: "hold",
        total: "hold_ns",
        column: "hold",
        sample_type: "lock-release-hold",
        by: "lock",
    },
    Measure {
        word: "blocked",
        total: "blocked_ns",
        column: "blocked",
        sample_type: "lock-blocked",
        by: "holder",
    },
    Measure {
        word: "acquisitions",
        total: "acquisitions",
        column: "acquisitions",
        sample_type: "lock-acquire",
        by: "site",
    },
    Measure {
        word: "contentions",
        total: "waits",
        column: "waits",
        sample_type: "lock-contention",
        by: "thread",
    },
    Measure {
        word: "sync",
        total: "wait_ns",
        column: "wait",
        sample_type: "sync-wait",
        by: "sync",
    },
];

#[test]
fn every_form_of_a_profile_adds_up_to_the_same() {
    let scratch = Scratch::new("sums");
    let file = scratch.file("p.pb.gz", &several::encoded());
    let page = said(&file, &["html"]);
    let speedscope = json(&said(&file, &["report", "--format", "speedscope"]));
    for measure in &MEASURES {
        let word = measure.word;
        let report = said(&file, &["report", "--format", "json", "--by", measure.by]);
        let expected = json(&report)["total"][measure.total].as_u64().unwrap();
        assert!(expected > 0, "{word}");
        assert_eq!(in_rows(&report, measure.total), expected, "{word}: rows");
        assert_eq!(in_folded(&file, word), expected, "{word}: folded");
        assert_eq!(
            in_speedscope(&speedscope, word),
            expected,
            "{word}: speedscope"
        );
        assert_eq!(in_page(&page, measure), expected, "{word}: page");
        assert_eq!(in_pprof(&file, measure), expected, "{word}: pprof");
        in_flame_graph(&file, word, expected);
    }
}

/// What the command says of a profile.
fn said(file: &Path, arguments: &[&str]) -> String {
    let output = lockprof().args(arguments).arg(file).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn in_rows(report: &str, key: &str) -> u64 {
    let report = json(report);
    let rows = report["rows"].as_array().unwrap().iter();
    rows.filter_map(|row| row[key].as_u64()).sum()
}

fn in_folded(file: &Path, word: &str) -> u64 {
    let folded = said(file, &["report", "--format", "folded", "--value", word]);
    let value = |line: &str| -> u64 { line.rsplit_once(' ').unwrap().1.parse().unwrap() };
    folded.lines().map(value).sum()
}

fn in_speedscope(file: &Value, word: &str) -> u64 {
    let mut profiles = file["profiles"].as_array().unwrap().iter();
    let is_it = |name: &str| name.split(' ').next() == Some(word);
    let profile = profiles.find(|profile| is_it(profile["name"].as_str().unwrap()));
    let weights = profile.unwrap()["weights"].as_array().unwrap().iter();
    weights.map(|weight| weight.as_u64().unwrap()).sum()
}

/// The rows below the tables of the page, from which its pictures are made.
fn in_page(page: &str, measure: &Measure) -> u64 {
    let (_, data) = page.split_once("id=\"profile\">").unwrap();
    let data = json(data.split_once("</script>").unwrap().0);
    let samples = &data["rows"]["samples"];
    let is_sync = samples["sync"].as_array().unwrap().iter();
    let is_sync = is_sync.map(|row| row.as_i64().unwrap() >= 0);
    let values = samples[measure.column].as_array().unwrap().iter();
    let counted = values
        .zip(is_sync)
        .filter(|(_, is_sync)| *is_sync == (measure.by == "sync"));
    counted.map(|(value, _)| value.as_u64().unwrap()).sum()
}

/// `Showing nodes accounting for 1850000000ns, 100% of 1850000000ns total`
fn in_pprof(file: &Path, measure: &Measure) -> u64 {
    let index = format!("-sample_index={}", measure.sample_type);
    let arguments = [
        "tool",
        "pprof",
        "-top",
        "-nodefraction=0",
        "-unit=nanoseconds",
        &index,
    ];
    let mut arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
    arguments.push(file.as_os_str());
    let top = stdout(&tool("go", &arguments));
    let line = top.lines().find(|line| line.ends_with(" total")).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    let total = words[words.len() - 2];
    // Large ones have an exponent, and counts the unit that was asked for.
    let total = total.trim_end_matches(char::is_alphabetic);
    let total: f64 = total.parse().unwrap_or_else(|_| panic!("{line}"));
    format!("{total:.0}").parse().unwrap()
}

/// What stands on the lowest frame has three digits.
fn in_flame_graph(file: &Path, word: &str, expected: u64) {
    let svg = said(file, &["flamegraph", "--value", word]);
    let (_, all) = svg.split_once("<title>all (").unwrap();
    let (shown, _) = all.split_once(", 100%").unwrap();
    let (number, unit) = shown.split_once(' ').unwrap_or((shown, ""));
    let scale = match unit {
        "s" => 1e9,
        "ms" => 1e6,
        "µs" => 1e3,
        _ => 1.0,
    };
    let number: f64 = number.replace(',', "").parse().unwrap();
    let expected: f64 = expected.to_string().parse().unwrap();
    assert!(
        (number * scale / expected - 1.0).abs() < 0.005,
        "{word}: {shown}"
    );
}
