//! `lockprof html`: the page's numbers, and the page in a browser.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    dead_code,
    reason = "a test fails by panicking, says what it measured, and no file of tests needs all that is shared"
)]

#[path = "page/profiles.rs"]
mod profiles;
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use contract::profile::Profile;
use contract::sample_type::label;
use profiles::{STACKS, fought_for, large, node, write};
use serde_json::{Value, json};
use support::{Scratch, encoded, lockprof, number, stderr, stdout, text};

/// The page of these files, made by the command.
fn html(scratch: &Scratch, files: &[&Path]) -> PathBuf {
    let page = scratch.join("page.html");
    let output = lockprof()
        .arg("html")
        .args(files)
        .arg("-o")
        .arg(&page)
        .output()
        .unwrap();
    assert_eq!(stderr(&output), "");
    assert!(output.status.success());
    page
}

fn document(page: &Path) -> Value {
    let page = fs::read_to_string(page).unwrap();
    let (_, data) = page.split_once("id=\"profile\">").unwrap();
    serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn the_tables_of_the_page_are_those_of_the_report() {
    let scratch = Scratch::new("page-agrees");
    let file = write(&scratch, "p.pb.gz", &fought_for(1_700_000_000));
    let document = document(&html(&scratch, &[&file]));
    for by in ["lock", "site", "thread", "edge", "holder", "sync"] {
        let report = lockprof()
            .args(["report", "--format", "json", "--by", by])
            .arg(&file)
            .output()
            .unwrap();
        let report: Value = serde_json::from_str(&stdout(&report)).unwrap();
        let rows = report["rows"].as_array().unwrap();
        assert!(!rows.is_empty(), "by {by}");
        let table = &document["tables"][by];
        for column in table["columns"].as_array().unwrap() {
            let key = column["key"].as_str().unwrap();
            let raw = column["raw"].as_str().unwrap();
            let theirs: Vec<&Value> = rows.iter().map(|row| &row[raw]).collect();
            let ours: Vec<&Value> = table["rows"][key].as_array().unwrap().iter().collect();
            assert_eq!(ours, theirs, "by {by}: {key}");
        }
        assert_eq!(
            table["total"]["wait"], report["total"]["wait_ns"],
            "by {by}"
        );
    }
}

/// Rows of failed attempts among the others, queues, holding threads and lengths of all sorts.
fn of_all_sorts() -> Profile {
    let mut profile = large();
    profile.samples.truncate(1_500);
    for (index, sample) in profile.samples.iter_mut().enumerate() {
        let queue = i64::try_from(index % 5).unwrap();
        sample.labels.push(number(label::QUEUE_MAX, queue));
        let thread = format!("holder-{}", index % 7);
        sample
            .labels
            .push(text(label::BLOCKING_THREAD_NAME, &thread));
        match index % 20 {
            4 => sample.labels.push(text(label::RESULT, "timeout")),
            // Nobody knows how many events this one stands for.
            6 if index % 600 == 6 => sample.values[6] = 0,
            8 => sample.labels.push(text(label::ROOT_BLOCKING_SITE, "root")),
            _ => {}
        }
    }
    profile
}

#[test]
fn of_one_thread_or_lock_the_page_says_what_the_report_says() {
    let scratch = Scratch::new("page-parts");
    let files = [
        write(&scratch, "1.pb.gz", &fought_for(1_700_000_000)),
        write(&scratch, "2.pb.gz", &of_all_sorts()),
    ];
    let page = html(&scratch, &files.each_ref().map(PathBuf::as_path));
    let rows = |option: &str, value: &str, by: &str| {
        let mut report = lockprof();
        report.args(["report", "--format", "json", "--by", by]);
        let report = report.arg(option).arg(value).args(&files).output().unwrap();
        let report: Value = serde_json::from_str(&stdout(&report)).unwrap();
        report["rows"].clone()
    };
    let mut reports = Vec::new();
    for (name, id) in [("w-2", 2), ("worker-7", 7)] {
        for by in ["lock", "site", "edge", "holder", "sync"] {
            let rows = rows("--thread", &format!("^{name}$"), by);
            let thread = format!("{name} ({id})");
            reports.push(json!({ "thread": thread, "lock": null, "by": by, "rows": rows }));
        }
    }
    for lock in ["<b>cache", "lock_7"] {
        for by in ["site", "thread", "edge", "holder"] {
            let rows = rows("--lock", &format!("^{lock}$"), by);
            reports.push(json!({ "thread": null, "lock": lock, "by": by, "rows": rows }));
        }
    }
    let reports = scratch.file("reports.json", Value::from(reports).to_string().as_bytes());
    let told = [
        ("PAGE", page.to_str().unwrap()),
        ("REPORTS", reports.to_str().unwrap()),
    ];
    node(&["agree.test.mjs"], &told);
}

#[test]
fn the_page_names_no_place_to_ask() {
    let scratch = Scratch::new("page-alone");
    let file = scratch.file("p.pb.gz", &encoded());
    let page = fs::read_to_string(html(&scratch, &[&file])).unwrap();
    for word in [" src=", "@import", "url(", "import("] {
        assert!(!page.contains(word), "{word}");
    }
    // A name of a space of names is no address; nothing fetches it.
    let addresses = page.replace("http://www.w3.org/2000/svg", "");
    assert!(!addresses.contains("http:") && !addresses.contains("https:"));
}

#[test]
fn files_that_cannot_be_read_are_named_and_the_others_shown() {
    let scratch = Scratch::new("page-bad");
    let good = scratch.file("good.pb.gz", &encoded());
    let bad = scratch.file("bad.pb.gz", b"no profile");
    let page = scratch.join("page.html");
    let run = |files: &[&Path]| {
        let mut command = lockprof();
        command.arg("html").args(files).arg("-o").arg(&page);
        command.output().unwrap()
    };
    let output = run(&[&bad]);
    assert!(!output.status.success() && !page.exists());
    assert!(
        stderr(&output).starts_with("lockprof: "),
        "{}",
        stderr(&output)
    );
    let output = run(&[&good, &bad]);
    assert!(!output.status.success(), "not all of it is in the page");
    let warnings = &document(&page)["about"]["warnings"];
    assert!(
        warnings[0].as_str().unwrap().contains("bad.pb.gz"),
        "{warnings}"
    );
    // Nothing is left beside it.
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 3);
}

#[test]
fn the_pure_modules_do_what_they_say() {
    node(
        &[
            "units.test.mjs",
            "table.test.mjs",
            "tree.test.mjs",
            "pictures.test.mjs",
        ],
        &[],
    );
}

#[test]
fn the_page_works_in_a_browser() {
    let scratch = Scratch::new("page-browser");
    let first = write(&scratch, "1.pb.gz", &fought_for(1_700_000_000));
    let second = write(&scratch, "2.pb.gz", &fought_for(1_700_000_010));
    let page = html(&scratch, &[&first, &second]);
    node(&["browser.test.mjs"], &[("PAGE", page.to_str().unwrap())]);
}

#[test]
fn a_page_of_fifty_thousand_stacks_does_not_freeze() {
    let scratch = Scratch::new("page-large");
    let file = write(&scratch, "p.pb.gz", &large());
    let page = html(&scratch, &[&file]);
    let stacks = STACKS.to_string();
    let told = [("PAGE", page.to_str().unwrap()), ("STACKS", &stacks)];
    node(&["large.test.mjs"], &told);
}

#[test]
fn a_page_is_not_for_a_terminal() {
    let scratch = Scratch::new("page-terminal");
    let file = scratch.file("p.pb.gz", &encoded());
    let command = format!("{} html {}", env!("CARGO_BIN_EXE_lockprof"), file.display());
    let output = Command::new("script")
        .args([
            "-q",
            "-e",
            "-c",
            &format!("stty cols 80; {command}"),
            "/dev/null",
        ])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = stdout(&output);
    assert!(
        said.contains("lockprof: a page is not for a terminal"),
        "{said}"
    );
    assert!(!said.contains("<!doctype"), "{said}");
    let piped = lockprof().arg("html").arg(&file).output().unwrap();
    assert!(stdout(&piped).contains("<!doctype html>"));
}
