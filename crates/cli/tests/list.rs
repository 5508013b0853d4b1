//! `lockprof report --list`: source lines with figures beside them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::path::PathBuf;
use std::process::{Command, Output};

use contract::pprof;
use contract::profile::{Line, Profile};
use support::{Scratch, gzip, lockprof, profile, stderr, stdout};

const SOURCE: &str = "\
static int put(int key)
{
\tlock(&cache_mu);
\tstore(key);
\tunlock(&cache_mu);
}
// 7
// 8
// 9
int main(void)
{
    return put(1) + put(2);
}
";

/// The usual profile with lines: `main` calls `put` and `get`; `put` takes the lock in a
/// wrapper that was inlined, so that `put` stands in the stack twice.
fn with_lines(file: &str) -> Profile {
    let mut profile = profile();
    for (function, start_line) in [(0, 11), (1, 2)] {
        profile.functions[function].file = file.to_owned();
        profile.functions[function].start_line = start_line;
    }
    for (location, line) in [(0, 12), (1, 3)] {
        profile.locations[location].lines[0].line = line;
    }
    let (put, mutex_lock) = (1, 3);
    let wrapped = vec![
        Line {
            function: mutex_lock,
            line: 100,
        },
        Line {
            function: put,
            line: 3,
        },
    ];
    profile.locations[mutex_lock].lines = wrapped;
    profile.start_unix_ns = 4_000_000_000_000_000_000;
    profile
}

fn list(scratch: &Scratch, profile: &Profile, arguments: &[&str]) -> Output {
    let file = scratch.file("p.pb.gz", &gzip(&pprof::encode(profile)));
    let mut command: Command = lockprof();
    command
        .arg("report")
        .args(arguments)
        .arg(file)
        .output()
        .unwrap()
}

/// A source file, and a profile that names it.
fn source(scratch: &Scratch) -> (PathBuf, Profile) {
    let path = scratch.file("cache.c", SOURCE.as_bytes());
    let profile = with_lines(path.to_str().unwrap());
    (path, profile)
}

#[test]
fn lines_have_what_happened_in_them_and_in_what_they_call() {
    let scratch = Scratch::new("list");
    let (path, profile) = source(&scratch);
    let output = list(&scratch, &profile, &["--list", "^(put|main)$"]);
    assert_eq!(stderr(&output), "");
    // `get` and `log` have no lines of their own, but `main` calls them in line 12 too.
    let expected = format!(
        "\
main in {0}
         in the line                   with what it calls
     wait      hold   acquired        wait      hold   acquired    line
        .         .          .      150 ms    4.00 s      1,005     all
        .         .          .           .         .          .      11  {{
        .         .          .      150 ms    4.00 s      1,005      12      return put(1) + put(2);
",
        path.display()
    );
    let text = stdout(&output);
    assert!(text.starts_with(&expected), "{text}");
    let put = "  150 ms         .      1,005      150 ms         .      1,005       3      lock(&cache_mu);\n";
    assert!(text.contains(put), "{text}");
    assert!(!text.contains("// 8"), "{text}");
    // The lock is taken once, in a function that stands in the stack twice.
    assert_eq!(
        text.matches("150 ms         .      1,005     all").count(),
        1,
        "{text}"
    );
}

#[test]
fn sources_are_found_below_other_folders() {
    let scratch = Scratch::new("source-path");
    source(&scratch);
    let folder = scratch.path().to_str().unwrap();
    let text = "      3      lock(&cache_mu);\n";
    let built = with_lines("/nowhere/build/cache.c");
    let output = list(&scratch, &built, &["--list", "put"]);
    assert_eq!(
        stderr(&output),
        "lockprof: /nowhere/build/cache.c: no such file; --source-path can name the folder of the sources\n"
    );
    assert!(
        stdout(&output).contains("      1,005       3\n"),
        "{}",
        stdout(&output)
    );
    for more in [
        &[][..],
        &["--trim-path", "/nowhere"],
        &["--trim-path", "/nowhere/build"],
    ] {
        let arguments = [&["--list", "put", "--source-path", folder], more].concat();
        let output = list(&scratch, &built, &arguments);
        assert_eq!(stderr(&output), "");
        assert!(stdout(&output).contains(text), "{}", stdout(&output));
    }
}

#[test]
fn what_cannot_be_listed_is_said_in_one_line() {
    let scratch = Scratch::new("unlisted");
    let (_, profile) = source(&scratch);
    for (arguments, code, said) in [
        (
            &["--list", "("][..],
            2,
            "--list (: no regular expression: unclosed group",
        ),
        (
            &["--list", "nobody"],
            1,
            "no function that takes or releases a lock, or calls one that does, matches nobody",
        ),
        (
            &["--list", "get"],
            0,
            "get: no lines are known; lockprof symbolize adds them",
        ),
        (
            &["--list", "get", "--kind", "mutex", "--lock", "log"],
            1,
            "no function that takes or releases a lock, or calls one that does, matches get with \
             --lock log --kind mutex",
        ),
        (
            &["--list", "put", "--min-wait", "soon"],
            2,
            "--min-wait soon: no time, as 10ms or 1.5s",
        ),
    ] {
        let output = list(&scratch, &profile, arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert_eq!(stderr(&output), format!("lockprof: {said}\n"));
    }
    for more in [["--by", "site"], ["--format", "json"], ["--top", "3"]] {
        let output = list(
            &scratch,
            &profile,
            &[&["--list", "put"], &more[..]].concat(),
        );
        assert_eq!(output.status.code(), Some(2), "{more:?}");
    }
}

#[test]
fn lines_are_of_what_the_filters_let_through() {
    let scratch = Scratch::new("filtered");
    let (_, profile) = source(&scratch);
    let text = |more: &[&str]| {
        let arguments = [&["--list", "^(put|get|log|main)$"], more].concat();
        let output = list(&scratch, &profile, &arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    let is_listed = |text: &str, name: &str| {
        let heads = text.lines().filter_map(|line| line.split_once(" in "));
        heads.map(|(head, _)| head).any(|head| head == name) || text.lines().any(|l| l == name)
    };
    // Of 1,005 acquisitions in `main` five are of the other lock.
    let of_cache = text(&["--lock", "cache"]);
    assert!(of_cache.starts_with("only --lock cache\n\n"), "{of_cache}");
    assert!(
        of_cache.contains("4.00 s      1,000     all\n"),
        "{of_cache}"
    );
    for (arguments, listed, left_out) in [
        (&["--lock", "log_mu"][..], "main", "get"),
        (&["--focus", "get"], "get", "put"),
        (&["--ignore", "put"], "get", "put"),
        (&["--thread", ".", "--kind", "mutex"], "put", "nobody"),
    ] {
        let text = text(arguments);
        let only = format!("only {}\n", arguments.join(" "));
        assert!(is_listed(&text, listed), "{arguments:?}: {text}");
        assert!(!is_listed(&text, left_out), "{arguments:?}: {text}");
        assert_eq!(text.lines().next(), Some(only.trim_end()));
    }
    // What a function caused to others counts as what it waited itself.
    let slow = text(&["--min-wait", "150ms"]);
    assert!(
        is_listed(&slow, "get") && is_listed(&slow, "main"),
        "{slow}"
    );
    let none = text(&["--min-wait", "151ms"]);
    assert!(
        none.contains(" functions with less than 151 ms of waiting left out\n"),
        "{none}"
    );
    assert!(!none.contains("with what it calls"), "{none}");
}

#[test]
fn a_source_that_was_changed_is_told_of() {
    let scratch = Scratch::new("changed");
    let (path, mut profile) = source(&scratch);
    profile.start_unix_ns = 1;
    let output = list(&scratch, &profile, &["--list", "put"]);
    let said = format!(
        "lockprof: {}: newer than the profile; lines may be others now\n",
        path.display()
    );
    assert_eq!(stderr(&output), said);
    assert!(stdout(&output).contains("lock(&cache_mu);"));
}
