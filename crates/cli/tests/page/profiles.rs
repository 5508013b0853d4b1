//! What the tests of the page share: profiles to show, and running tests in JavaScript.

use std::path::{Path, PathBuf};
use std::process::Command;

use contract::pprof;
use contract::profile::{Function, Label, Line, Location, Profile, Sample};
use contract::sample_type::label;

use super::support::{Scratch, gzip, number, profile, stderr, stdout, text};

/// Stacks of the large profile.
pub(crate) const STACKS: usize = 50_000;

/// Where the tests of the page in JavaScript are.
fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page")
}

/// Runs tests in JavaScript; `more` tells them where things are.
pub(crate) fn node(names: &[&str], more: &[(&str, &str)]) {
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .unwrap()
        .join("tools/npm/");
    let output = Command::new("node")
        .arg("--test")
        .args(names.iter().map(|name| scripts().join(name)))
        .env("NPM_TOOLS", &tools)
        .envs(more.iter().copied())
        .output()
        .unwrap_or_else(|error| panic!("node: {error}; scripts/check installs it"));
    let said = stdout(&output);
    assert!(output.status.success(), "{said}{}", stderr(&output));
    // Measurements, for whoever reads along.
    for line in said.lines().filter(|line| line.contains("measured:")) {
        println!("{line}");
    }
}

/// Two locks that are fought for by three threads, with holders, chains, and sync waits; names
/// that would be markup.
pub(crate) fn fought_for(start_unix_s: i64) -> Profile {
    let functions = [
        "main",
        "serve",
        "look_up",
        "refresh",
        "Map<int>::insert",
        "std::mutex::lock",
        "log",
        "commit",
    ];
    let mut profile = profile();
    profile.start_unix_ns = start_unix_s * 1_000_000_000;
    profile.functions = functions
        .iter()
        .map(|name| Function {
            name: (*name).to_owned(),
            file: format!("/src/{}.cc", name.len()),
            ..Function::default()
        })
        .collect();
    profile.locations = (0..functions.len())
        .map(|function| Location {
            lines: vec![Line { function, line: 7 }],
            ..Location::default()
        })
        .collect();
    let mut samples = Vec::new();
    let mut add = |stack: &[usize], values, lock: &str, thread: i64, more: &[Label]| {
        let mut labels = vec![
            text(label::LOCK_NAME, lock),
            text(label::LOCK_KIND, "mutex"),
            text(
                label::LOCK,
                if lock == "<b>cache" { "0x10" } else { "0x20" },
            ),
            text(label::THREAD_NAME, &format!("w-{thread}")),
            number(label::THREAD_NATIVE_ID, thread),
        ];
        labels.extend_from_slice(more);
        samples.push(Sample {
            stack: stack.to_vec(),
            values,
            labels,
        });
    };
    for thread in 1..=3 {
        let ms = |ms: i64| ms * 1_000_000;
        let blamed = [
            text(label::BLOCKING_SITE, "refresh"),
            number(label::DURATION_BUCKET, 1 << 20),
            number(label::DURATION_MAX, ms(2)),
            number(label::QUEUE_MAX, 2),
        ];
        let chained = [
            text(label::BLOCKING_SITE, "Map<int>::insert"),
            text(label::ROOT_BLOCKING_SITE, "commit"),
        ];
        add(
            &[5, 2, 1, 0],
            [900, ms(300 * thread), 0, 0, 200, 0, 200, 0, 0],
            "<b>cache",
            thread,
            &blamed,
        );
        add(
            &[5, 6, 1, 0],
            [400, ms(100), 0, 0, 50, 0, 50, 0, 0],
            "log",
            thread,
            &chained,
        );
        add(
            &[3, 1, 0],
            [0, 0, 900, ms(1_000), 0, ms(300 * thread), 90, 0, 0],
            "<b>cache",
            thread,
            &[],
        );
        add(
            &[4, 6, 1, 0],
            [0, 0, 400, ms(200), 0, ms(100), 40, 0, 0],
            "log",
            thread,
            &[],
        );
        add(
            &[1, 0],
            [0, 0, 0, 0, 0, 0, 10, 10, ms(4_000)],
            "work_cv",
            thread,
            &[],
        );
    }
    profile.samples = samples;
    profile
}

/// A profile of this many stacks, 24 frames deep, of 40 locks and 16 threads.
pub(crate) fn large() -> Profile {
    let functions = 4_000;
    let mut profile = profile();
    profile.functions = (0..functions)
        .map(|number| Function {
            name: format!("shop::module_{}::function_{number}", number % 90),
            ..Function::default()
        })
        .collect();
    profile.locations = (0..functions)
        .map(|function| Location {
            lines: vec![Line { function, line: 0 }],
            ..Location::default()
        })
        .collect();
    profile.samples = (0..STACKS)
        .map(|number| large_row(number, functions))
        .collect();
    profile
}

/// Row `number`: its stack parts from others' where its digits do, early or late.
fn large_row(number: usize, functions: usize) -> Sample {
    let frame = |depth: usize| {
        let seen = number / [20_000, 4_000, 800, 160, 40, 10, 4, 1][depth.min(21) / 3];
        (seen * 31 + depth * 577) % functions
    };
    let as_wait = number.is_multiple_of(2);
    let long = i64::try_from(1_000 + (number * 7_919) % 900_000).unwrap();
    let values = if as_wait {
        [30, long, 0, 0, 10, 0, 3, 0, 0]
    } else {
        [0, 0, 30, long, 0, long / 2, 3, 0, 0]
    };
    let mut labels = vec![
        text(label::LOCK_NAME, &format!("lock_{}", number % 40)),
        text(label::LOCK_KIND, "mutex"),
        text(label::LOCK, &format!("{:#x}", 0x1000 + number % 40)),
        text(label::THREAD_NAME, &format!("worker-{}", number % 16)),
        number_label(number % 16),
    ];
    if as_wait {
        let holder = format!("shop::holder_{}", number % 300);
        labels.push(text(label::BLOCKING_SITE, &holder));
    }
    Sample {
        stack: (0..24).rev().map(frame).collect(),
        values,
        labels,
    }
}

fn number_label(thread: usize) -> Label {
    number(label::THREAD_NATIVE_ID, i64::try_from(thread).unwrap())
}

pub(crate) fn write(scratch: &Scratch, name: &str, profile: &Profile) -> PathBuf {
    scratch.file(name, &gzip(&pprof::encode(profile)))
}
