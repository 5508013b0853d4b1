//! `lockprof symbolize` on debug information of which a part is missing, or goes meanwhile.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    reason = "a test fails by panicking, and no file of tests needs all that is shared"
)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use support::native::{build, build_with, file_of, profile_of, strip, succeed};
use support::{Scratch, lockprof, stderr};

/// Cuts a file short as soon as somebody has mapped it.
const CUTTER: &str = r#"
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void *mmap64(void *at, size_t len, int protection, int flags, int fd, off_t offset)
{
    void *map = (void *) syscall(SYS_mmap, at, len, protection, flags, fd, offset);
    char link[64], path[4096] = "";
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (fd >= 0 && readlink(link, path, sizeof path - 1) > 0 && !strcmp(path, getenv("CUT_SHORT")))
        if (truncate(path, 0)) abort();
    return map;
}

void *mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset)
{
    return mmap64(at, len, protection, flags, fd, offset);
}
"#;

#[test]
fn debug_information_that_is_cut_short_while_it_is_read_ends_nobody() {
    let scratch = Scratch::new("cut-short");
    let program = build(&scratch, "bank");
    let debug = strip(&program);
    let file = file_of(&scratch, &profile_of(&program));
    let before = fs::read(&file).unwrap();
    let source = scratch.file("cutter.c", CUTTER.as_bytes());
    let cutter = scratch.join("cutter.so");
    succeed(
        Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .args([&cutter, &source]),
    );
    let output = lockprof()
        .arg("symbolize")
        .arg(&file)
        .env_remove("DEBUGINFOD_URLS")
        .env("LD_PRELOAD", &cutter)
        .env("CUT_SHORT", fs::canonicalize(&debug).unwrap())
        .output()
        .unwrap();
    assert_eq!(fs::metadata(&debug).unwrap().len(), 0, "it was mapped");
    let said = stderr(&output);
    assert!(output.status.success(), "{output:?}");
    let name = debug.file_name().unwrap().to_str().unwrap();
    assert!(
        said.contains(&format!(
            "{name}: unusable debug information: it was cut short while it was read"
        )),
        "{said}"
    );
    assert_eq!(fs::read(&file).unwrap(), before, "the profile is as it was");
}

/// What symbolizing a profile of it says.
fn said_of(scratch: &Scratch, program: &Path) -> String {
    let file = file_of(scratch, &profile_of(program));
    let mut command = lockprof();
    command.arg("symbolize").arg(file);
    let output = command.env_remove("DEBUGINFOD_URLS").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    stderr(&output)
}

#[test]
fn parts_of_split_debug_information_are_missed_when_they_are_gone() {
    for flag in ["-gdwarf-4", "-gdwarf-5"] {
        let scratch = Scratch::new(&format!("split{flag}"));
        let program = build_with(&scratch, &[flag, "-gsplit-dwarf"]);
        let said = said_of(&scratch, &program);
        assert!(!said.contains(".dwo"), "{flag}: {said}");
        for entry in fs::read_dir(scratch.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "dwo") {
                fs::remove_file(path).unwrap();
            }
        }
        let said = said_of(&scratch, &program);
        assert!(
            said.contains("its .dwo files or .dwp seem to be missing"),
            "{flag}: {said}"
        );
    }
}
