//! Not a read or a write of ours goes where none belongs: memcheck says nothing of us.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::time::Duration;

use support::build;
use support::program::Program;

#[test]
fn memcheck_finds_nothing() {
    for name in [
        "recursive_exact",
        "rwlock_exact",
        "sem_as_lock",
        "odd_lives",
        "fork_child_goes_on",
    ] {
        // What memcheck would find in the program alone, it would find here too; and it ends
        // with this status, and says so, whoever is at fault. Nothing is suppressed.
        let run = Program::at("valgrind")
            .args(["--quiet", "--error-exitcode=99", "--leak-check=full"])
            .args([
                "--errors-for-leak-kinds=definite",
                "--show-leak-kinds=definite",
            ])
            .args([build::program(name)])
            .env("LD_PRELOAD", build::library().to_str().unwrap())
            .sample("1")
            .within(Duration::from_secs(60))
            .run_alone();
        run.expect_success();
        assert_eq!(run.stderr, "", "{name}");
        assert!(!run.files().is_empty(), "{name} left no profile");
    }
}
