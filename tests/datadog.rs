//! What Datadog gets through its own test agent, over TCP and a socket, against what the program counted.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use support::datadog::expect::{ACQUIRE, HOLD, RELEASE, WAIT, expect_whole, sum, sum_of_all};
use support::datadog::{Agent, Upload};
use support::program::{Program, Run};
use support::raw_pprof::RawRow;

/// The tags before those of the user, and after them.
const TAGS_BEFORE: [&str; 7] = [
    "service",
    "env",
    "version",
    "language",
    "runtime-id",
    "process_id",
    "profiler_version",
];
const TAGS_AFTER: [&str; 3] = ["cpu_arch", "profile_seq", "runtime_platform"];

/// The program that locks for some two seconds, told every second.
fn over_seconds(service: &str) -> Program {
    Program::exact("taken_over_seconds")
        .env("LOCKPROF_INTERVAL", "1s")
        .env("DD_SERVICE", service)
        .env("DD_ENV", "test")
        .env("DD_VERSION", "1.2.3")
        .env("DD_TAGS", "team:core,region:eu")
        .env("DD_PROFILING_TAGS", "team:perf")
}

/// What the uploads of one run say together is what its program counted.
fn expect_truth(uploads: &[Upload], run: &Run) {
    let at = |function: &'static str| {
        move |row: &RawRow| row.stack.first().is_some_and(|leaf| leaf == function)
    };
    let outer = run.truth("outer");
    assert!(outer > 50, "{outer}");
    for function in ["take_outer", "take_inner"] {
        for column in [ACQUIRE, RELEASE] {
            assert_eq!(
                sum_of_all(uploads, column, at(function)),
                outer,
                "{function}"
            );
        }
        let of_the_lock = |row: &RawRow| {
            at(function)(row)
                && row.text("lock name") == Some("shared_lock")
                && row.text("lock kind") == Some("recursive")
        };
        assert_eq!(
            sum_of_all(uploads, ACQUIRE, of_the_lock),
            outer,
            "{function}"
        );
    }
    for (column, key) in [(WAIT, "waited_ns"), (HOLD, "held_ns")] {
        let (seen, truth) = (
            sum_of_all(uploads, column, at("take_outer")),
            run.truth(key),
        );
        assert!(
            (seen - truth).abs() * 20 < truth,
            "{key}: {seen}, not {truth}"
        );
    }
    assert_eq!(sum_of_all(uploads, WAIT, at("take_inner")), 0);
    expect_blame(uploads);
    // Nobody got it, but somebody waited.
    let timed_out = |row: &RawRow| row.text("result") == Some("timeout") && at("give_up")(row);
    assert_eq!(sum_of_all(uploads, ACQUIRE, at("give_up")), 0);
    let waited_ns = sum_of_all(uploads, WAIT, timed_out);
    // Its clock stands outside ours.
    let truth_ns = run.truth("in_vain_ns");
    assert!(
        (truth_ns - truth_ns / 20..=truth_ns).contains(&waited_ns),
        "{waited_ns}, not {truth_ns}"
    );
    let in_its_bucket =
        |row: &RawRow| timed_out(row) && row.text("Duration bucket") != Some("0 - 9 ms");
    assert_eq!(sum_of_all(uploads, WAIT, in_its_bucket), waited_ns);
}

/// The two threads wait for each other, for 12 ms at a time.
fn expect_blame(uploads: &[Upload]) {
    for (thread, other) in [("Left", "Right"), ("Right", "Left")] {
        let of_thread = |row: &RawRow| row.text("thread name") == Some(thread);
        let waited_ns = sum_of_all(uploads, WAIT, of_thread);
        let for_other = |row: &RawRow| {
            of_thread(row)
                && row.text("blocking thread name") == Some(other)
                && row.number("blocking thread id").is_some()
        };
        let for_other_ns = sum_of_all(uploads, WAIT, for_other);
        assert!(
            for_other_ns * 10 >= waited_ns * 9,
            "{thread}: {for_other_ns} of {waited_ns}"
        );
        let in_bucket =
            |row: &RawRow| of_thread(row) && row.text("Duration bucket") == Some(" 10 - 49 ms");
        let in_bucket_ns = sum_of_all(uploads, HOLD, in_bucket);
        let held_ns = sum_of_all(uploads, HOLD, of_thread);
        assert!(
            in_bucket_ns * 2 > held_ns,
            "{thread}: {in_bucket_ns} of {held_ns}"
        );
    }
}

/// The tags of the run's uploads, and how these follow each other.
fn expect_row_of_uploads(uploads: &[Upload], run: &Run, service: &str) {
    assert!(
        (2..=5).contains(&uploads.len()),
        "{} uploads",
        uploads.len()
    );
    let ids: BTreeSet<_> = uploads
        .iter()
        .map(|upload| upload.tag("runtime-id"))
        .collect();
    assert_eq!(ids.len(), 1);
    let pid = run.truth("pid").to_string();
    for (sequence, upload) in uploads.iter().enumerate() {
        let keys: Vec<&str> = upload.tags().iter().map(|(key, _)| *key).collect();
        assert_eq!(
            keys,
            [&TAGS_BEFORE[..], &["team", "region"], &TAGS_AFTER].concat()
        );
        let sequence = sequence.to_string();
        for (key, value) in [
            ("service", service),
            ("env", "test"),
            ("version", "1.2.3"),
            ("process_id", &pid),
            ("team", "perf"),
            ("region", "eu"),
            ("profile_seq", &sequence),
        ] {
            assert_eq!(upload.tag(key), Some(value), "{key}");
        }
        assert_eq!(
            upload.event("info.profiler.settings.upload_interval"),
            "1.0"
        );
        assert_eq!(upload.event("info.profiler.settings.lock.sample"), "1");
    }
    for pair in uploads.windows(2) {
        assert_eq!(pair[0].span_ns().1, pair[1].span_ns().0);
    }
    let (start_ns, _) = uploads[0].span_ns();
    let (_, end_ns) = uploads[uploads.len() - 1].span_ns();
    let lasted = Duration::from_nanos(u64::try_from(end_ns - start_ns).unwrap());
    assert!(
        lasted >= Duration::from_millis(2300) && lasted <= run.elapsed,
        "{lasted:?} of {:?}",
        run.elapsed
    );
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let age = now - Duration::from_nanos(u64::try_from(end_ns).unwrap());
    assert!(age < Duration::from_secs(60), "{age:?}");
}

#[test]
fn an_agent_gets_every_second_what_happened_in_it() {
    let agent = Agent::shared();
    let run = over_seconds("over-tcp")
        .env("LOCKPROF_SINK", "datadog")
        .env("DD_TRACE_AGENT_URL", &agent.url())
        .env("DD_EXTERNAL_ENV", "it-false,cn-app")
        .run();
    run.expect_success();
    assert_eq!(
        run.stderr,
        format!(
            "lockprof: Datadog: profiles go to the Agent at {}, because an Agent's address is set\n",
            agent.url()
        )
    );
    assert!(run.files().is_empty(), "{:?}", run.files());
    let uploads = agent.uploads("over-tcp");
    for upload in &uploads {
        expect_whole(upload, false);
        let external = upload.headers.get("datadog-external-env");
        assert_eq!(external.map(String::as_str), Some("it-false,cn-app"));
    }
    expect_row_of_uploads(&uploads, &run, "over-tcp");
    expect_truth(&uploads, &run);
}

#[test]
fn an_agent_behind_a_socket_gets_the_same_beside_the_file() {
    let agent = Agent::shared();
    let run = over_seconds("over-socket")
        .env("DD_TRACE_AGENT_URL", &agent.socket_url())
        .run();
    run.expect_success();
    let uploads = agent.uploads("over-socket");
    for upload in &uploads {
        expect_whole(upload, true);
    }
    expect_row_of_uploads(&uploads, &run, "over-socket");
    expect_truth(&uploads, &run);
    let outer = run.profile().at("take_outer");
    outer.expect_counts("in the file", run.truth("outer"), run.truth("outer"));
}

#[test]
fn a_forked_child_is_a_process_of_its_own_and_silent() {
    let agent = Agent::shared();
    let run = Program::exact("fork_child_goes_on")
        .env("LOCKPROF_SINK", "datadog")
        .env("DD_TRACE_AGENT_URL", &agent.url())
        .env("DD_SERVICE", "forking")
        .run();
    run.expect_success();
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    let uploads = agent.uploads("forking");
    let of = |key: &str| {
        let pid = run.truth(key).to_string();
        let mut of = uploads.clone();
        of.retain(|upload| upload.tag("process_id") == Some(pid.as_str()));
        assert_eq!(of.len(), 1, "uploads of {key}");
        assert_eq!(of[0].tag("profile_seq"), Some("0"));
        of.remove(0)
    };
    let (parent, child) = (of("parent_pid"), of("child_pid"));
    assert_eq!(uploads.len(), 2);
    assert_ne!(parent.tag("runtime-id"), child.tag("runtime-id"));
    let at = |upload: &Upload, function: &str| {
        sum(&upload.profile, ACQUIRE, |row| row.stack[0] == function)
    };
    assert_eq!(
        (at(&parent, "parent_work"), at(&parent, "child_work")),
        (20, 0)
    );
    assert_eq!(
        (at(&child, "parent_work"), at(&child, "child_work")),
        (0, 40)
    );
}
