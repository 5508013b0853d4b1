//! Waiting for locks on files, which is asked for by name: a C program compared with its profile.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use contract::sample_type::{SampleType, label};
use support::profile::Rows;
use support::program::Program;

fn waits(rows: &Rows) -> i64 {
    rows.sum(SampleType::SyncWaits)
}

fn wait_ns(rows: &Rows) -> i64 {
    rows.sum(SampleType::SyncWait)
}

#[test]
fn waiting_for_a_file_is_told_by_place_and_path() {
    let run = Program::exact("file_locks")
        .env("LOCKPROF_LOCKS", "+file")
        .compare();
    let (_, rows) = run
        .profiles()
        .into_iter()
        .find(|(_, rows)| !rows.sync("file").is_empty())
        .unwrap();
    let all = rows.sync("file");
    let truths = run.truths("wait_ns");
    for (way, truth) in [
        "by_flock",
        "by_flock_shared",
        "by_fcntl",
        "by_description",
        "by_lockf",
    ]
    .into_iter()
    .zip(truths)
    {
        let path = run.home().join(way).to_string_lossy().into_owned();
        let waited = all.through("wait_for_file").at(way).lock(&path);
        assert_eq!(waits(&waited), 1, "{way}\n{all}");
        waited.expect_close(way, wait_ns(&waited), truth, 5);
        assert!(waited.texts(label::RESULT).is_empty(), "{all}");
    }
    let interrupted = all.at("be_interrupted").result("interrupted");
    assert_eq!(waits(&interrupted), 1, "{all}");
    let truth = run.truth("interrupted_ns");
    interrupted.expect_close("interrupted", wait_ns(&interrupted), truth, 5);
    // What need not wait is no wait, unless the machine took its time.
    let free = waits(&all.through("take_free"));
    assert!(free <= run.truth("free_but_late"), "{free}\n{all}");
    assert_eq!(waits(&all) - free, 6, "{all}");
    assert!(all.texts(label::BLOCKING_SITE).is_empty(), "{all}");
}

#[test]
fn files_are_left_alone_unless_asked_for() {
    for (_, rows) in Program::exact("file_locks").compare().profiles() {
        assert!(rows.sync("file").is_empty(), "{rows}");
    }
}
