//! The examples that name their locks through the C API, and the header they use, in the dialects of C and C++ it promises.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::build::{root, run};
use support::profile::Rows;
use support::program::Program;
use support::scratch::Scratch;

/// Everything the header has, used.
const EVERYTHING: &str = "#include <lockprof.h>
#include <lockprof.h>
static int lock;
int main(void) {
    int codes = LOCKPROF_DONE + LOCKPROF_FAILED + LOCKPROF_ABSENT;
    codes += lockprof_start() + lockprof_stop() + lockprof_flush();
    codes += lockprof_name_lock(&lock, \"name\");
    /* Absent, all of them: -3 - 4 * 2. */
    return codes == -11 ? 0 : 1;
}
";

/// Compiles with every warning an error, and says where it went.
fn compile(compiler: &str, dialect: &str, source: &Path, to: PathBuf) -> PathBuf {
    let warnings = ["-pedantic", "-Wall", "-Wextra", "-Werror"];
    run(Command::new(compiler)
        .arg(format!("-std={dialect}"))
        .args(warnings)
        .args(["-O2", "-pthread", "-I"])
        .arg(root().join("include"))
        .arg("-o")
        .args([to.as_path(), source]));
    to
}

#[test]
fn the_header_compiles_without_warnings_and_does_nothing_without_the_library() {
    let scratch = Scratch::new();
    for (compiler, dialect, file) in [
        ("gcc", "c99", "everything.c"),
        ("gcc", "c17", "everything.c"),
        ("g++", "c++17", "everything.cc"),
        ("g++", "c++20", "everything.cc"),
    ] {
        let source = scratch.join(file);
        fs::write(&source, EVERYTHING).unwrap();
        let program = compile(compiler, dialect, &source, scratch.join(dialect));
        run(&mut Command::new(program));
    }
}

/// Runs an example alone, which must say that the library is not there, and under it.
fn rows_of(example: &Path) -> Rows {
    let example = Program::at(example).sample("1");
    let alone = example.run_alone();
    assert!(alone.status.success(), "{}{}", alone.stdout, alone.stderr);
    assert!(
        alone.stdout.ends_with("liblockprof is not loaded\n"),
        "{}",
        alone.stdout
    );
    let profiled = example.run();
    assert!(
        profiled.status.success(),
        "{}{}",
        profiled.stdout,
        profiled.stderr
    );
    assert!(
        !profiled.stdout.contains("not loaded"),
        "{}",
        profiled.stdout
    );
    profiled.profile()
}

#[test]
fn the_example_in_c_names_its_locks() {
    let scratch = Scratch::new();
    let source = root().join("examples/named_locks.c");
    let rows = rows_of(&compile(
        "gcc",
        "gnu11",
        &source,
        scratch.join("named_locks"),
    ));
    for number in 0..8 {
        // Four threads, a thousand transfers, two of eight accounts each.
        let account = rows.lock(&format!("account {number}"));
        account.expect_counts("of an account", 1000, 1000);
    }
}

#[test]
fn the_example_in_rust_names_its_locks() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("example");
    run(Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--manifest-path"])
        .arg(root().join("examples/rust/Cargo.toml"))
        .arg("--target-dir")
        .arg(&target));
    let rows = rows_of(&target.join("debug/named-locks"));
    for number in 0..4 {
        let shard = rows.lock(&format!("shard {number}"));
        shard.expect_counts("of a shard", 1000, 1000);
        shard.depth(2).expect_counts("of a shard, nested", 500, 500);
    }
}
