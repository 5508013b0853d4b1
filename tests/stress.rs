//! A program that does everything at random, repeatably: as it is, and while our own calls into the system fail.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use support::build;
use support::profile::decode;
use support::program::{Program, Run};
use support::scratch::Scratch;

/// Things that each of three threads does.
const ROUNDS: &str = "6000";

fn built(name: &str, flags: &[&str]) -> PathBuf {
    let stem = name.split('.').next().unwrap();
    let source = build::root().join(format!("c-tests/stress/{stem}.c"));
    let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let mut compiler = Command::new("gcc");
    compiler.args(["-Wall", "-Wextra", "-Werror", "-O2", "-g"]);
    build::run(
        compiler
            .args(flags)
            .arg("-o")
            .arg(&to)
            .arg(source)
            .arg("-lpthread"),
    );
    to
}

fn churn() -> &'static Path {
    static CHURN: OnceLock<PathBuf> = OnceLock::new();
    CHURN.get_or_init(|| built("churn", &[]))
}

fn failing_library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| built("failing_library.so", &["-shared", "-fPIC"]))
}

/// The program, from a seed. It checks itself what its locks protect.
fn with_seed(seed: u32) -> Program {
    Program::at(churn())
        .args([seed.to_string(), ROUNDS.to_owned()])
        .args([build::shared_library("tls_library")])
        .env("LOCKPROF_INTERVAL", "1s")
        .within(Duration::from_secs(60))
}

/// It ended well, and what there is of profiles is whole and nothing else.
fn expect_unharmed(run: &Run, what: &str) {
    run.expect_success();
    assert_eq!(run.stdout, "EXIT-SUCCESS\n", "{what}");
    for line in run.stderr.lines() {
        assert!(line.starts_with("lockprof: "), "{what}: {line}");
    }
    for file in run.files() {
        let name = file.display().to_string();
        assert!(name.ends_with(".pb.gz"), "{what}: {name} was left");
        decode(&file);
    }
}

#[test]
fn whatever_a_program_does_at_once_it_does_with_us_too() {
    for seed in 1..=2 {
        with_seed(seed).compare();
        let run = with_seed(seed).sample("1").run();
        expect_unharmed(&run, &format!("seed {seed}"));
        assert_eq!(run.stderr, "");
        assert!(!run.files().is_empty());
    }
}

#[test]
fn when_our_own_calls_fail_only_profiles_suffer() {
    let scratch = Scratch::new();
    let count = scratch.join("count");
    for (seed, one_in) in [(1, "2"), (2, "5"), (3, "20"), (4, "100")] {
        for sample in ["1", "100"] {
            let run = with_seed(seed)
                .sample(sample)
                .preload_before(failing_library())
                .env("FAILING_SEED", &seed.to_string())
                .env("FAILING_ONE_IN", one_in)
                .env("FAILING_COUNT", count.to_str().unwrap())
                .run();
            let what = format!("seed {seed}, sample {sample}, one call in {one_in}");
            expect_unharmed(&run, &what);
        }
    }
    // So that it is not without failures that all went well.
    let counted = fs::read_to_string(&count).unwrap();
    let failed = counted
        .lines()
        .filter_map(|line| line.strip_prefix("failed "));
    let failed: u64 = failed.map(|number| number.parse::<u64>().unwrap()).sum();
    assert!(failed > 10, "{failed}");
}
