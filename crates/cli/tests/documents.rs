//! Documents and examples: every command of `lockprof` that they show has the options they give it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use support::{lockprof, stdout};

/// What ends the words of one command.
const ENDS: [&str; 7] = ["--", "#", "|", "&&", ";", ">", "&"];

/// Where commands are shown, besides the Markdown at the root and below docs.
const EXAMPLES: [&str; 7] = [
    "packaging/INSTALL",
    "examples/named_locks.c",
    "examples/rust/src/main.rs",
    "examples/systemd/lockprof.conf",
    "examples/container/Dockerfile",
    "examples/container/compose.yaml",
    "examples/container/kubernetes.yaml",
];

/// The help of each command, by its name.
fn helps() -> BTreeMap<String, String> {
    let help = stdout(&lockprof().arg("--help").output().unwrap());
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    commands
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help")
        .map(|command| {
            let help = lockprof().args([command, "--help"]).output().unwrap();
            (command.to_owned(), stdout(&help))
        })
        .collect()
}

/// What calls of the command, with these names, stand in a text: name and options.
fn calls(text: &str, helps: &BTreeMap<String, String>) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for line in text.lines() {
        // What stands between quotes is code or a table's cell of its own.
        for piece in line.split(['`', '(', ')']) {
            let words: Vec<&str> = piece.split_whitespace().collect();
            for pair in words.windows(2).enumerate() {
                let (at, [program, command]) = pair else {
                    continue;
                };
                let command = command.trim_end_matches([',', ':', '.']);
                if program.ends_with("lockprof") && helps.contains_key(command) {
                    let options = words[at + 2..]
                        .iter()
                        .take_while(|word| !ENDS.contains(word))
                        .filter(|word| word.starts_with('-') && word.len() > 1)
                        .map(|word| word.trim_matches(['[', ']', ',', ':']).to_owned());
                    found.push((command.to_owned(), options.collect()));
                }
            }
        }
    }
    found
}

/// Whether the help has this option, `--long=value` or `-s`, as a word.
fn has(help: &str, option: &str) -> bool {
    let name = option.split('=').next().unwrap_or(option);
    help.split(|c: char| c.is_whitespace() || c == ',')
        .any(|word| word == name)
}

fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found: Vec<PathBuf> = EXAMPLES.iter().map(|path| root.join(path)).collect();
    for folder in [root.clone(), root.join("docs")] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "md") {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn every_option_that_a_document_gives_a_command_is_one_of_it() {
    let helps = helps();
    let mut seen = 0;
    let mut faults = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for (command, options) in calls(&text, &helps) {
            seen += options.len();
            let wrong = options.iter().filter(|one| !has(&helps[&command], one));
            faults.extend(wrong.map(|one| format!("{}: {command} {one}", document.display())));
        }
    }
    assert!(seen > 40, "only {seen} options were found");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn an_option_that_a_command_does_not_have_is_found() {
    let helps = helps();
    let text = "a `lockprof report --by=lock --no FILE` b\n  lockprof run -o x --yes -- ./app --not-ours\n";
    let calls = calls(text, &helps);
    assert_eq!(calls[0].0, "report");
    assert_eq!(calls[0].1, ["--by=lock", "--no"]);
    assert_eq!(calls[1].1, ["-o", "--yes"]);
    assert!(has(&helps["report"], "--by=lock") && !has(&helps["report"], "--no"));
    assert!(has(&helps["run"], "-o") && !has(&helps["run"], "--yes"));
}
