//! Every C program behaves under default sampling as it does alone, and none of them is forgotten.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;
use std::thread;

use support::build::root;
use support::program::{Program, files_in};

/// Programs that need an argument, another library, rights, a minute, or somebody to end them; tests
/// of their own run them.
const SPECIAL: [&str; 22] = [
    "becomes_a_daemon",
    "changes_user",
    "controlled",
    "deep_binding",
    "early_locks",
    "few_descriptors",
    "fights_until_told",
    "filtered_places",
    "filters_itself",
    "holds_secrets",
    "library_goes",
    "lives_long",
    "locks_for_a_while",
    "openmp_opened_late",
    "openmp_untested",
    "openssl_threads",
    "real_time",
    "runs_until_killed",
    "short_lived_locks",
    "stack_library_replaced",
    "threads_in_sequence",
    "tls_libraries",
];

/// Names of all programs, from the files in `c-tests`.
fn programs() -> Vec<String> {
    let names: Vec<String> = files_in(&root().join("c-tests"))
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e == "c" || e == "cc"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .filter(|name| !name.ends_with("_library"))
        .collect();
    assert!(names.len() > 40, "{names:?}");
    names
}

/// Calls `try_one` with every program that needs nothing, two at a time: most of them sleep
/// most of the time.
fn each(try_one: impl Fn(&str) + Sync) {
    let mut names = programs();
    names.retain(|name| !SPECIAL.contains(&name.as_str()));
    let halves = names.split_at(names.len() / 2);
    thread::scope(|scope| {
        for half in [halves.0, halves.1] {
            scope.spawn(|| half.iter().for_each(|name| try_one(name)));
        }
    });
}

#[test]
fn every_program_is_the_same_under_default_sampling() {
    each(|name| {
        Program::sampled(name).compare();
    });
}

#[test]
fn every_program_is_the_same_while_switched_off() {
    each(|name| {
        if name == "contended" {
            return;
        }
        let run = Program::sampled(name)
            .env("LOCKPROF_ENABLED", "0")
            .compare();
        let wanted = name.starts_with("api_");
        assert!(
            wanted || run.files().is_empty(),
            "{name}: {:?}",
            run.files()
        );
    });
}

#[test]
fn every_program_is_used_by_a_test_of_its_own() {
    let tests: String = files_in(&root().join("tests"))
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    for name in programs() {
        assert!(
            tests.contains(&format!("\"{name}\"")),
            "no test runs {name}"
        );
    }
}
