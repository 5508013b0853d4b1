//! `go tool pprof` reads what we write, and sees in it what our own decoder sees.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use contract::profile::{LabelValue, Mapping, Profile, Sample};
use contract::sample_type;
use contract::wrapper::is_wrapper;
use support::build;
use support::profile::decode;
use support::program::{Program, Run};
use support::scratch::Scratch;

/// What `go tool pprof` prints.
fn pprof(arguments: &[&str], profile: &Path) -> String {
    let home = Scratch::new();
    build::tool(
        "golang-go",
        Command::new("go")
            .args(["tool", "pprof"])
            .args(arguments)
            .arg(profile)
            .env("HOME", home.path())
            .env("PPROF_TMPDIR", home.path())
            .env("GOFLAGS", "-mod=mod")
            .current_dir(home.path()),
    )
}

fn file_of(run: &Run) -> PathBuf {
    let files = run.files();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

/// Runs a program twice and shows the profiles to pprof in every way there is.
fn expect_readable(program: &str, function: &str, lock: &str, thread: &str) {
    let (run, base) = (Program::exact(program).run(), Program::exact(program).run());
    let (file, base) = (file_of(&run), file_of(&base));
    let top = pprof(&["-top"], &file);
    assert!(top.contains("Type: lock-acquire-wait"), "{top}");
    for what in ["lock-acquire", "lock-release", "lock-release-hold"] {
        let text = pprof(&["-top", &format!("-sample_index={what}")], &file);
        assert!(text.contains(function), "{what}\n{text}");
    }
    let peek = pprof(
        &["-peek", function, "-sample_index=lock-release-hold"],
        &file,
    );
    assert!(peek.contains(function), "{peek}");
    let tags = pprof(&["-tags", "-sample_index=lock-acquire"], &file);
    assert!(tags.contains(lock) && tags.contains(thread), "{tags}");
    let base = format!("-diff_base={}", base.display());
    let all = "-nodefraction=0";
    let difference = pprof(
        &["-top", all, "-sample_index=lock-release-hold", &base],
        &file,
    );
    assert!(difference.contains(function), "{difference}");
}

#[test]
fn pprof_reads_the_profile_of_a_c_program() {
    expect_readable("two_holds", "hold_long", "long_lock", "Short");
}

#[test]
fn pprof_reads_the_profile_of_a_cxx_program() {
    expect_readable(
        "bank",
        "bank::Account::deposit",
        "bank::account",
        "Teller-1",
    );
}

/// Rows as both sides can say them: addresses and labels, with the sum of the values.
type Said = BTreeMap<(Vec<u64>, Vec<String>), [i64; sample_type::COUNT]>;

fn add(said: &mut Said, key: (Vec<u64>, Vec<String>), values: [i64; sample_type::COUNT]) {
    let sums = said.entry(key).or_default();
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}

fn said_by_us(profile: &Profile) -> Said {
    let mut said = Said::new();
    for sample in &profile.samples {
        let addresses = shown(profile, sample)
            .iter()
            .map(|place| profile.locations[*place].address)
            .collect();
        let mut labels: Vec<String> = sample
            .labels
            .iter()
            .map(|label| match &label.value {
                LabelValue::Text(text) => format!("{}:[{text}]", label.key),
                LabelValue::Number(number, unit) if unit.is_empty() => {
                    format!("{}:[{number}]", label.key)
                }
                LabelValue::Number(number, unit) => format!("{}:[{number} {unit}]", label.key),
            })
            .collect();
        labels.sort();
        add(&mut said, (addresses, labels), sample.values);
    }
    said
}

/// The stack without what `drop_frames` hides, as pprof does it: from the root
/// on, everything from the first wrapper that follows a frame of the user.
fn shown<'a>(profile: &Profile, sample: &'a Sample) -> &'a [usize] {
    let hidden = |place: usize| {
        let lines = &profile.locations[place].lines;
        lines
            .iter()
            .any(|line| is_wrapper(&profile.functions[line.function].name))
    };
    let mut user = false;
    for (i, place) in sample.stack.iter().enumerate().rev() {
        if !hidden(*place) {
            user = true;
        } else if user {
            return &sample.stack[i + 1..];
        }
    }
    &sample.stack
}

fn mapping_line(mapping: &Mapping) -> String {
    let flags: String = [
        (mapping.has_functions, "[FN]"),
        (mapping.has_filenames, "[FL]"),
        (mapping.has_line_numbers, "[LN]"),
        (mapping.has_inline_frames, "[IN]"),
    ]
    .iter()
    .filter(|(set, _)| *set)
    .map(|(_, flag)| *flag)
    .collect();
    let Mapping {
        start,
        limit,
        file_offset,
        file,
        build_id,
        ..
    } = mapping;
    format!("{start:#x}/{limit:#x}/{file_offset:#x} {file} {build_id} {flags}")
}

/// The parts of pprof's raw text.
struct Raw<'a> {
    head: Vec<&'a str>,
    samples: Vec<&'a str>,
    locations: Vec<&'a str>,
    mappings: Vec<&'a str>,
}

fn parts(text: &str) -> Raw<'_> {
    let (head, rest) = text.split_once("\nSamples:\n").unwrap();
    let (samples, rest) = rest.split_once("\nLocations\n").unwrap();
    let (locations, mappings) = rest.split_once("\nMappings\n").unwrap();
    Raw {
        head: head.lines().collect(),
        samples: samples.lines().collect(),
        locations: locations.lines().collect(),
        mappings: mappings.lines().collect(),
    }
}

fn said_by_pprof(raw: &Raw<'_>) -> Said {
    let addresses: BTreeMap<&str, u64> = raw
        .locations
        .iter()
        .filter_map(|line| line.trim_start().split_once(": 0x"))
        .map(|(id, rest)| {
            let digits = rest.split(' ').next().unwrap();
            (id, u64::from_str_radix(digits, 16).unwrap())
        })
        .collect();
    let mut said = Said::new();
    // The first line names the columns.
    let mut lines = raw.samples[1..].iter().peekable();
    while let Some(line) = lines.next() {
        let (values, stack) = line.rsplit_once(": ").unwrap();
        let values: Vec<i64> = values
            .split_whitespace()
            .map(|v| v.parse().unwrap())
            .collect();
        let stack = stack.split_whitespace().map(|id| addresses[id]).collect();
        let mut labels = Vec::new();
        while let Some(line) = lines.next_if(|line| line.starts_with("                ")) {
            labels.extend(labels_of(line.trim_start()));
        }
        labels.sort();
        add(&mut said, (stack, labels), values.try_into().unwrap());
    }
    said
}

/// Labels as they stand in one line: `key:[value] key:[value]`.
fn labels_of(line: &str) -> Vec<String> {
    let mut pieces: Vec<String> = line.split("] ").map(|piece| format!("{piece}]")).collect();
    if let Some(last) = pieces.last_mut() {
        last.pop();
    }
    pieces
}

fn expect_agreement(program: &str) {
    let run = Program::exact(program).run();
    let file = file_of(&run);
    let ours = decode(&file);
    let text = pprof(&["-raw", "-symbolize=none"], &file);
    let raw = parts(&text);
    assert_eq!(said_by_pprof(&raw), said_by_us(&ours), "samples\n{text}");
    assert!(
        raw.head.contains(&"PeriodType: contentions count"),
        "{:?}",
        raw.head
    );
    let columns: Vec<String> = sample_type::ALL
        .iter()
        .map(|(kind, name, unit)| {
            let mark = if *kind == sample_type::DEFAULT {
                "[dflt]"
            } else {
                ""
            };
            format!("{name}/{unit}{mark}")
        })
        .collect();
    assert_eq!(raw.samples[0], columns.join(" "));
    let comments: BTreeSet<&str> = raw
        .head
        .iter()
        .filter_map(|line| line.strip_prefix("Comment: "))
        .collect();
    assert_eq!(
        comments,
        ours.comments.iter().map(String::as_str).collect(),
        "{text}"
    );
    let known: BTreeSet<String> = ours.mappings.iter().map(mapping_line).collect();
    for line in &raw.mappings {
        let (_, mapping) = line.split_once(": ").unwrap();
        assert!(known.contains(mapping), "{mapping} is not among {known:#?}");
    }
    let main = ours.mappings.first().unwrap();
    assert!(
        main.file.ends_with(program),
        "the first mapping is {}",
        main.file
    );
    assert!(!main.build_id.is_empty(), "{main:?}");
}

#[test]
fn a_foreign_decoder_sees_the_same_in_the_profile_of_a_c_program() {
    expect_agreement("two_holds");
    expect_agreement("recursive_exact");
}

#[test]
fn a_foreign_decoder_sees_the_same_in_the_profile_of_a_cxx_program() {
    expect_agreement("bank");
}
