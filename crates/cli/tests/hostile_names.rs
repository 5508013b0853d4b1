//! Names that would act on a terminal, in everything that the command prints.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    reason = "a test fails by panicking, and no file of tests needs all that is shared"
)]

mod support;

use std::path::Path;

use contract::pprof;
use contract::profile::LabelValue;
use support::several;
use support::{Scratch, gzip, lockprof, stderr, stdout};

/// What clears a screen, turns the direction, begins a C1 sequence, or has no width.
const HOSTILE: &str = "\u{1b}[2J\u{202e}\u{2066}\u{9b}\u{200b}";

/// The profile of several locks, every name of which is hostile.
fn file(scratch: &Scratch) -> std::path::PathBuf {
    let mut profile = several::profile();
    for function in &mut profile.functions {
        function.name.push_str(HOSTILE);
        function.file.push_str(HOSTILE);
    }
    for sample in &mut profile.samples {
        for label in &mut sample.labels {
            if let LabelValue::Text(text) = &mut label.value {
                let is_name = label.key.contains("name") || label.key.contains("site");
                text.push_str(if is_name { HOSTILE } else { "" });
            }
        }
    }
    profile.comments.push(format!("lost: 3 records{HOSTILE}"));
    scratch.file("p.pb.gz", &gzip(&pprof::encode(&profile)))
}

fn said(arguments: &[&str], file: &Path) -> String {
    let mut command = lockprof();
    let output = command.args(arguments).arg(file).output().unwrap();
    assert!(output.status.success(), "{arguments:?} {}", stderr(&output));
    format!("{}{}", stdout(&output), stderr(&output))
}

#[test]
fn no_name_acts_in_any_form_of_output() {
    let scratch = Scratch::new("hostile");
    let file = file(&scratch);
    let before = file.to_str().unwrap();
    for (arguments, shown) in [
        (&["report"][..], "\\u{202e}"),
        (&["report", "--by", "edge"], "\\u{202e}"),
        (&["report", "--by", "thread", "--histogram"], "\\u{202e}"),
        (&["report", "--format", "csv"], "\\u{202e}"),
        (&["report", "--format", "json"], "\\u202e"),
        (&["report", "--format", "markdown"], "\\\\u{202e}"),
        (&["report", "--format", "folded"], "\\u{202e}"),
        (&["report", "--format", "speedscope"], "\\u202e"),
        (
            &["report", "--by", "edge", "--format", "dot"],
            "\\\\u{202e}",
        ),
        (&["flamegraph"], "\\u{202e}"),
        (&["html"], "\\u202e"),
        (&["diff", "--format", "table", before], "\\u{202e}"),
        (&["diff", "--format", "json", before], "\\u202e"),
        (&["diff", "--format", "csv", before], "\\u{202e}"),
    ] {
        let said = said(arguments, &file);
        assert!(said.contains(shown), "{arguments:?} {said}");
        let acts = |sign: &char| HOSTILE.contains(*sign) && !sign.is_ascii_graphic();
        let raw = said.chars().find(acts);
        assert_eq!(raw, None, "{arguments:?}");
    }
}
