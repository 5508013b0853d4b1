//! The queries of docs/clickhouse, answered by ClickHouse from a directory of profiles.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;
use std::process::Command;
use std::time::Duration;

use contract::sample_type::label;
use support::build;
use support::profile::Rows;
use support::program::{Program, files_in};
use support::scratch::Scratch;

/// A directory with the profiles of two programs, and what ClickHouse needs to read them.
fn profiles() -> (Scratch, Vec<Rows>) {
    let folder = Scratch::new();
    let output = format!("{}/", folder.path().display());
    let programs = ["told_in_parts", "two_holds"].map(|name| {
        let program = Program::exact(name).output(&output).start(true);
        (name, program)
    });
    for (name, program) in programs {
        let run = program.wait(Duration::from_secs(20));
        run.expect_success();
        assert_eq!(run.stderr, "", "{name}");
    }
    let rows = files_in(folder.path())
        .iter()
        .map(|file| Rows::read(file))
        .collect();
    let schema = build::root().join("docs/clickhouse/profile.proto");
    fs::copy(schema, folder.join("profile.proto")).unwrap();
    (folder, rows)
}

/// The answer to a query of the documentation, in fields.
fn ask(folder: &Scratch, query: &str) -> Vec<Vec<String>> {
    let root = build::root();
    let answer = build::tool(
        "scripts/check",
        Command::new(build::python())
            .arg(root.join("tests/support/clickhouse.py"))
            .arg(folder.path())
            .arg(root.join("docs/clickhouse").join(query)),
    );
    let fields = |line: &str| line.split('\t').map(str::to_owned).collect();
    answer.lines().map(fields).collect()
}

#[test]
fn queries_of_the_documentation_answer_what_the_profiles_say() {
    let (folder, profiles) = profiles();
    assert_eq!(profiles.len(), 2);

    let locks = ask(&folder, "locks.sql");
    let names: Vec<&str> = locks.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    assert_eq!(names[0], "told_lock");
    for answer in &locks {
        let of_lock = profiles.iter().map(|rows| rows.lock(&answer[0]));
        let of_lock: Vec<Rows> = of_lock.filter(|rows| !rows.is_empty()).collect();
        assert_eq!(of_lock.len(), 1, "{answer:?}");
        let rows = &of_lock[0];
        let truth = [
            1,
            rows.acquires(),
            rows.contentions(),
            rows.wait_ns(),
            rows.hold_ns(),
        ];
        assert_eq!(
            answer[1..],
            truth.map(|number| number.to_string()),
            "{rows}"
        );
    }

    let places = ask(&folder, "places.sql");
    let waits = profiles.iter().map(|rows| rows.at("wait_for_holder"));
    let waits = waits.map(|rows| rows.with(label::BLOCKING_SITE, "hold_and_be_waited_for"));
    let wait_ns: i64 = waits.map(|rows| rows.wait_ns()).sum();
    assert!(wait_ns > 1_000_000_000, "{wait_ns}");
    let worst = ["wait_for_holder", "told_lock", "hold_and_be_waited_for"];
    assert_eq!(places[0][..3], worst, "{places:?}");
    assert_eq!(places[0][3], wait_ns.to_string());
}
