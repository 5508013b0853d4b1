//! What the page is made of.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test"
)]

use contract::profile::{Function, Label, LabelValue, Line, Location, Profile, Sample};
use contract::sample_type::label;
use serde_json::Value;

use super::*;

/// A profile of two functions, `main` and this one, with these rows.
fn file(function: &str, samples: Vec<Sample>) -> Loaded {
    let named = |name: &str| Function {
        name: name.to_owned(),
        ..Function::default()
    };
    let at = |function| Location {
        lines: vec![Line { function, line: 0 }],
        ..Location::default()
    };
    let profile = Profile {
        duration_ns: 1_000_000_000,
        functions: vec![named("main"), named(function)],
        locations: vec![at(0), at(1)],
        samples,
        ..Profile::default()
    };
    Loaded::new("p.pb.gz".into(), profile)
}

fn row(stack: &[usize], values: [i64; 9], lock: &str) -> Sample {
    Sample {
        stack: stack.to_vec(),
        values,
        labels: vec![Label {
            key: label::LOCK_NAME.to_owned(),
            value: LabelValue::Text(lock.to_owned()),
        }],
    }
}

fn page(files: &[Loaded]) -> String {
    Page {
        files,
        problems: &[],
        version: None,
    }
    .render()
}

fn document(page: &str) -> Value {
    let (_, data) = page
        .split_once("<script type=\"application/json\" id=\"profile\">")
        .unwrap();
    let (data, _) = data.split_once("</script>").unwrap();
    serde_json::from_str(data).unwrap()
}

const WAITED: [i64; 9] = [1, 700, 0, 0, 1, 0, 1, 0, 0];
const HELD: [i64; 9] = [0, 0, 1, 900, 0, 500, 1, 0, 0];

#[test]
fn names_of_programs_cannot_end_the_script() {
    let evil = "</script><!--<script>alert(1)//";
    let page = page(&[file(evil, vec![row(&[1, 0], WAITED, evil)])]);
    assert_eq!(page.matches("</script").count(), 2, "of ours");
    assert!(!page.contains("alert(1)//\"<"), "{page}");
    let document = document(&page);
    assert_eq!(document["tables"]["lock"]["rows"]["lock"][0], evil);
    assert_eq!(document["rows"]["stacks"]["names"][1], evil);
}

#[test]
fn frames_of_a_common_beginning_stand_once() {
    let rows = vec![
        row(&[1, 0], WAITED, "a"),
        row(&[0], HELD, "a"),
        row(&[], HELD, "a"),
    ];
    let document = document(&page(&[file("put", rows)]));
    let rows = &document["rows"];
    assert_eq!(
        rows["stacks"]["names"].to_string(),
        r#"["main","put","[no stack]"]"#
    );
    // Of the nodes 1 to 3: `main` below the root, `put` below it, and the third below the root.
    assert_eq!(rows["stacks"]["up"].to_string(), "[1,1,3]");
    assert_eq!(rows["stacks"]["function"].to_string(), "[0,1,2]");
    assert_eq!(rows["samples"]["stack"].to_string(), "[2,1,3]");
}

#[test]
fn rows_that_agree_are_one_and_intervals_tell_files_apart() {
    let rows = || {
        vec![
            row(&[1, 0], WAITED, "a"),
            row(&[1, 0], WAITED, "a"),
            row(&[1, 0], HELD, "b"),
        ]
    };
    let document = document(&page(&[file("put", rows()), file("put", rows())]));
    let samples = &document["rows"]["samples"];
    assert_eq!(samples["wait"].to_string(), "[2800,0]");
    assert_eq!(samples["acquisitions"].to_string(), "[4,0]");
    assert_eq!(samples["hold"].to_string(), "[0,1800]");
    assert_eq!(samples["blocked"].to_string(), "[0,1000]");
    assert_eq!(
        samples["lock"].to_string(),
        "[0,1]",
        "rows of the table of locks"
    );
    assert_eq!(samples["sync"].to_string(), "[-1,-1]");
    // 512 is at or below 700, and 900.
    assert_eq!(samples["bucket"].to_string(), "[9,9]");
    let intervals = &document["rows"]["intervals"];
    assert_eq!(intervals["file"].to_string(), "[0,0,1,1]");
    assert_eq!(intervals["wait"].to_string(), "[1400,0,1400,0]");
}

#[test]
fn sync_waits_are_told_from_waits_for_locks() {
    let sync = [0, 0, 0, 0, 0, 0, 1, 4, 800];
    let rows = vec![row(&[1, 0], WAITED, "a"), row(&[1, 0], sync, "cv")];
    let document = document(&page(&[file("put", rows)]));
    let samples = &document["rows"]["samples"];
    assert_eq!(samples["wait"].to_string(), "[700,800]");
    assert_eq!(samples["waits"].to_string(), "[1,4]");
    assert_eq!(samples["sync"].to_string(), "[-1,0]");
    assert_eq!(samples["lock"].to_string(), "[0,-1]");
}

#[test]
fn only_a_served_page_may_ask_its_server() {
    let files = [file("put", vec![row(&[1, 0], WAITED, "a")])];
    let quiet = page(&files);
    assert!(quiet.contains("default-src 'none'") && !quiet.contains("connect-src"));
    let served = Page {
        files: &files,
        problems: &["q.pb: damaged".to_owned()],
        version: Some("1f"),
    }
    .render();
    assert!(served.contains("connect-src 'self'"));
    let about = &document(&served)["about"];
    assert_eq!(about["version"], "1f");
    assert_eq!(about["warnings"][0], "q.pb: damaged");
}

#[test]
fn the_modules_need_nothing_that_is_not_put_in() {
    let script = script();
    assert!(!script.lines().any(|line| line.starts_with("import ")));
    assert!(!script.lines().any(|line| line.starts_with("export ")));
    assert!(script.contains("\nclass Model {") && script.contains("\nfunction layout("));
    assert!(!page(&[]).contains("{{"));
}
