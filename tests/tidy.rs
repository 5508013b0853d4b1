//! Rules of the house that a program can check: first lines, sizes, who imports whom, where unsafe stands.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::build::root;

/// One file, with its path from the root.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(i, line)| (i + 1, line))
    }

    /// Lines without comments and without the text of literals.
    fn code(&self) -> impl Iterator<Item = (usize, String)> {
        self.lines().map(|(number, line)| {
            let without: String = line.split('"').step_by(2).collect::<Vec<_>>().join("\"\"");
            (number, without.split("//").next().unwrap().to_owned())
        })
    }
}

/// All files below these directories whose names end so.
fn sources(directories: &[&str], endings: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    for directory in directories {
        collect(&root().join(directory), endings, &mut found);
    }
    assert!(!found.is_empty(), "no files below {directories:?}");
    found
}

fn collect(directory: &Path, endings: &[&str], found: &mut Vec<Source>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "target" && name != "data" {
                collect(&path, endings, found);
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            let text = fs::read_to_string(&path).unwrap();
            let path = path
                .strip_prefix(root())
                .unwrap()
                .to_string_lossy()
                .into_owned();
            found.push(Source { path, text });
        }
    }
}

fn rust() -> Vec<Source> {
    sources(&["src", "crates", "tests", "c-tests"], &[".rs"])
}

/// Collects what is wrong, so that one run shows all of it.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn note(&mut self, path: &str, line: usize, what: &str) {
        self.0.push(format!("{path}:{line}: {what}"));
    }

    fn expect_none(&self) {
        assert!(self.0.is_empty(), "{}", self.0.join("\n"));
    }
}

#[test]
fn every_file_says_first_what_lives_in_it() {
    let mut faults = Faults::default();
    let mut c = sources(&["c-tests", "include", "src"], &[".c", ".cc", ".h", ".s"]);
    c.extend(sources(&["crates"], &[".mjs"]));
    for source in rust() {
        let first = source.text.lines().next().unwrap_or("");
        if first
            .strip_prefix("//! ")
            .is_none_or(|sentence| sentence.len() < 10)
        {
            faults.note(&source.path, 1, "does not begin with `//!` and a sentence");
        }
    }
    for source in c {
        let first = source.text.lines().next().unwrap_or("");
        let comment = first
            .strip_prefix("// ")
            .or_else(|| first.strip_prefix("/* "));
        if comment.is_none_or(|sentence| sentence.len() < 10) {
            faults.note(
                &source.path,
                1,
                "does not begin with a comment that says what it is",
            );
        }
    }
    faults.expect_none();
}

#[test]
fn every_script_says_first_what_it_does() {
    let mut faults = Faults::default();
    for source in sources(&["scripts"], &[""]) {
        let mut lines = source
            .text
            .lines()
            .skip_while(|line| line.starts_with("#!"));
        let first = lines.next().unwrap_or("");
        let comment = first
            .strip_prefix("# ")
            .or_else(|| first.strip_prefix("\"\"\""));
        if comment.is_none_or(|sentence| sentence.len() < 10) {
            faults.note(&source.path, 1, "does not say what it does");
        }
    }
    faults.expect_none();
}

#[test]
fn no_file_is_longer_than_six_hundred_lines() {
    let mut faults = Faults::default();
    let all = sources(
        &["src", "crates", "tests", "c-tests", "include", "scripts"],
        &[".rs", ".c", ".cc", ".h", ".s", ".sh", ".py", ".mjs", ".css"],
    );
    for source in all {
        let count = source.text.lines().count();
        if count > 600 {
            faults.note(&source.path, count, "is longer than 600 lines");
        }
    }
    faults.expect_none();
}

/// Who may import which module of the library, by where the file lies; the first
/// row that fits counts. None is everything.
const MAY_IMPORT: &[(&str, Option<&[&str]>)] = &[
    ("src/lib.rs", None),
    ("src/lifecycle", None),
    ("src/api", None),
    ("src/sys", Some(&["sys"])),
    ("src/atomic", Some(&["atomic"])),
    ("src/memory", Some(&["memory", "sys"])),
    ("src/build_note", Some(&[])),
    ("src/per_process", Some(&["per_process", "atomic"])),
    (
        "src/record",
        Some(&["record", "per_process", "atomic", "memory", "sys"]),
    ),
    ("src/state", Some(&["state", "atomic", "sys"])),
    ("src/thread_count", Some(&["thread_count", "sys"])),
    ("src/kill_switch", Some(&["kill_switch", "diag", "sys"])),
    ("src/diag", Some(&["diag", "sys"])),
    ("src/config", Some(&["config", "sys"])),
    (
        "src/intercept/",
        Some(&["intercept", "record", "state", "config", "atomic", "sys"]),
    ),
    (
        "src/export/sink/",
        Some(&[
            "export::sink",
            "export::own_thread",
            "config",
            "diag",
            "sys",
        ]),
    ),
    (
        "src/export/",
        Some(&[
            "export",
            "memory",
            "per_process",
            "record",
            "state",
            "kill_switch",
            "config",
            "diag",
            "sys",
            "thread_count",
        ]),
    ),
];

/// What the host's side never asks the standard library for, and other crates it
/// must not know.
const NOT_ON_THE_HOSTS_SIDE: [&str; 7] = [
    "std::fs",
    "std::net",
    "std::io",
    "std::thread",
    "contract::",
    "crate::export",
    "crate::diag",
];

#[test]
fn modules_import_only_whom_they_may_know() {
    let mut faults = Faults::default();
    for source in sources(&["src"], &[".rs"]) {
        let rule = MAY_IMPORT
            .iter()
            .find(|(place, _)| source.path.starts_with(place));
        let Some((_, allowed)) = rule else {
            faults.note(
                &source.path,
                1,
                "has no row in the table of who may import whom",
            );
            continue;
        };
        for (number, line) in source.code() {
            for import in allowed.iter().flat_map(|_| imports(&line)) {
                if !allowed
                    .unwrap_or(&[])
                    .iter()
                    .any(|known| is_in(&import, known))
                {
                    faults.note(
                        &source.path,
                        number,
                        &format!("may not know crate::{import}"),
                    );
                }
            }
        }
    }
    faults.expect_none();
}

/// The modules of the library that a line names, as `a::b::…` behind `crate::`.
fn imports(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (_, rest) in line
        .match_indices("crate::")
        .map(|(at, s)| (at, &line[at + s.len()..]))
    {
        if let Some(list) = rest.strip_prefix('{') {
            let list = list.split("};").next().unwrap_or(list);
            let mut depth = 0;
            let parts = list.split(|c: char| {
                depth += i32::from(c == '{') - i32::from(c == '}');
                c == ',' && depth == 0
            });
            found.extend(parts.map(|part| path_of(part.trim())));
        } else {
            found.push(path_of(rest));
        }
    }
    found.retain(|path| !path.is_empty());
    found
}

fn path_of(text: &str) -> String {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
    text[..end.unwrap_or(text.len())]
        .trim_end_matches(':')
        .to_owned()
}

fn is_in(path: &str, module: &str) -> bool {
    path == module
        || path
            .strip_prefix(module)
            .is_some_and(|rest| rest.starts_with("::"))
}

#[test]
fn the_hosts_side_asks_for_nothing_that_can_block_or_allocate() {
    let mut faults = Faults::default();
    let is_test =
        |source: &Source| source.path.ends_with("tests.rs") || source.path.contains("/tests/");
    let mut code = sources(&["src/intercept"], &[".rs"]);
    code.retain(|source| !is_test(source));
    for source in code {
        // Up to the tests at its end; single items for tests are no end.
        let tests = source.text.lines().position(|line| line == "mod tests {");
        for (number, line) in source.code().take(tests.unwrap_or(usize::MAX)) {
            for banned in NOT_ON_THE_HOSTS_SIDE {
                if line.contains(banned) && !line.contains(&format!("_{banned}")) {
                    faults.note(&source.path, number, &format!("uses {banned}"));
                }
            }
        }
    }
    for source in sources(&["src/export"], &[".rs"]) {
        for (number, line) in source.code() {
            if line.contains("intercept::") {
                faults.note(&source.path, number, "knows the host's side");
            }
        }
    }
    faults.expect_none();
}

#[test]
fn unsafe_stands_only_in_files_that_say_why() {
    let mut faults = Faults::default();
    for source in sources(&["src", "crates"], &[".rs"]) {
        let allowed = allows_unsafe(&source.text);
        let module = source.path.ends_with("/mod.rs") || source.path.ends_with("/lib.rs");
        if allowed && module && has_children(&source.path) {
            faults.note(
                &source.path,
                1,
                "allows unsafe code for every file below it",
            );
        }
        for (number, line) in source.code() {
            let mut words = line.split(|c: char| !(c.is_alphanumeric() || c == '_'));
            if words.any(|word| word == "unsafe") && !allowed {
                faults.note(
                    &source.path,
                    number,
                    "unsafe in a file whose head does not allow it",
                );
            }
        }
    }
    faults.expect_none();
}

/// Whether the head of a file, all before its first item, allows unsafe code and
/// gives the reason.
fn allows_unsafe(text: &str) -> bool {
    let items = [
        "use ",
        "mod ",
        "pub",
        "fn ",
        "const ",
        "static ",
        "struct ",
        "#[",
        "macro_rules",
    ];
    let head: Vec<&str> = text
        .lines()
        .take_while(|line| !items.iter().any(|item| line.starts_with(item)))
        .collect();
    head.join(" ")
        .split("#![allow(")
        .skip(1)
        .any(|allow| allow.trim_start().starts_with("unsafe_code") && allow.contains("reason = \""))
}

/// Whether a `mod.rs` stands above files other than tests.
fn has_children(path: &str) -> bool {
    let directory = root().join(path).parent().unwrap().to_owned();
    fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .any(|name| name != "mod.rs" && name != "tests.rs" && name != "lib.rs")
}

#[test]
fn the_readme_lists_every_option_as_the_table_has_it() {
    let readme = fs::read_to_string(root().join("README.md")).expect("README.md");
    let table = contract::options::markdown();
    for row in table.lines() {
        assert!(readme.contains(row), "README.md lacks this row:\n{row}");
    }
    assert!(
        readme.contains(&table),
        "README.md has the rows, but not as one table:\n{table}"
    );
}

#[test]
fn names_of_tests_are_sentences() {
    let mut faults = Faults::default();
    for source in rust() {
        let lines: Vec<&str> = source.text.lines().collect();
        for (i, pair) in lines.windows(2).enumerate() {
            let name = pair[1].trim_start().strip_prefix("fn ").unwrap_or("");
            if pair[0].trim() == "#[test]" && (name.starts_with("test_") || !name.contains('_')) {
                faults.note(&source.path, i + 2, "a test's name says what holds");
            }
            if pair[0].trim_start().starts_with("#[ignore") {
                faults.note(&source.path, i + 1, "a test that is never run");
            }
        }
    }
    faults.expect_none();
}
