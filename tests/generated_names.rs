//! Code made at run time has the names that its maker writes down, if they can be trusted.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;

use contract::comment::MADE_CODE;
use contract::sample_type::label;
use support::profile::Rows;
use support::program::{Program, Run};

const ROUNDS: i64 = 50;

/// A run whose map is taken away, however the test ends.
struct Mapped(Run);

impl Mapped {
    fn new(program: &Program, profiled: bool) -> Self {
        let run = if profiled {
            program.run()
        } else {
            program.run_alone()
        };
        run.expect_success();
        Self(run)
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        let _ = fs::remove_file(format!("/tmp/perf-{}.map", self.0.truth("pid")));
    }
}

/// The profile of a program with such a map, which runs as it does alone.
fn profile(map: &str) -> Rows {
    let program = Program::exact("generated_names").args([map]);
    let (alone, mapped) = (Mapped::new(&program, false), Mapped::new(&program, true));
    mapped.0.expect_same(&alone.0);
    mapped.0.profile()
}

fn remarks(rows: &Rows) -> Vec<&str> {
    let remarks = rows.comments.iter();
    remarks
        .filter_map(|text| text.strip_prefix(MADE_CODE))
        .collect()
}

#[test]
fn functions_made_at_run_time_have_their_last_names() {
    let rows = profile("file");
    for name in [
        "made_first",
        "Made:*second /a b.js:1:2",
        "made_in_memory_file",
    ] {
        let made = rows.at(name);
        made.expect_counts(name, ROUNDS, 0);
        for row in made.rows() {
            assert_eq!(row.stack[1..3], ["call_generated", "work"], "{row}");
        }
    }
    let by = "release_in_program";
    rows.at(by).expect_counts(by, 0, 3 * ROUNDS);
    assert_eq!(rows.texts(label::LOCK_NAME), ["lock"], "{rows}");
    let remarks = remarks(&rows);
    assert!(
        remarks.len() == 1 && remarks[0].starts_with("1 lines of /tmp/perf-"),
        "{remarks:?}"
    );
}

#[test]
fn a_map_behind_a_link_is_not_read_and_that_is_said() {
    let rows = profile("link");
    assert!(rows.at("made_first").is_empty(), "{rows}");
    rows.through("call_generated")
        .filter(|row| row.leaf().starts_with("["))
        .expect_counts("without a name", 3 * ROUNDS, 0);
    let remarks = remarks(&rows);
    assert!(
        remarks.len() == 1 && remarks[0].ends_with(".map: not read: a symbolic link"),
        "{remarks:?}"
    );
}

#[test]
fn without_a_map_nothing_is_said() {
    let rows = profile("none");
    rows.through("call_generated")
        .expect_counts("without a name", 3 * ROUNDS, 3 * ROUNDS);
    assert_eq!(remarks(&rows), [""; 0]);
}
