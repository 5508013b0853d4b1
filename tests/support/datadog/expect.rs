//! What must be so in every upload, whatever program it is about.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use super::Upload;
use crate::support::build;
use crate::support::raw_pprof::{RawProfile, RawRow};
use crate::support::scratch::Scratch;

/// The columns of Datadog's profiles.
pub(crate) const WAIT: usize = 0;
pub(crate) const ACQUIRE: usize = 1;
pub(crate) const HOLD: usize = 2;
pub(crate) const RELEASE: usize = 3;

/// What every upload to an Agent must be.
pub(crate) fn expect_whole(upload: &Upload, to_socket: bool) {
    assert_eq!(upload.request, "POST /profiling/v1/input");
    expect_headers(upload, to_socket);
    assert_eq!(
        upload.parts,
        [
            "event|event.json|application/json",
            "profile.pprof|profile.pprof|"
        ]
    );
    assert_eq!(upload.bytes[..3], [0x1f, 0x8b, 8], "no gzip");
    expect_event(upload);
    expect_profile(upload);
}

fn expect_headers(upload: &Upload, to_socket: bool) {
    let version = env!("CARGO_PKG_VERSION");
    let header = |name: &str| upload.headers.get(name).map(String::as_str);
    assert_eq!(header("dd-evp-origin"), Some("liblockprof"));
    assert_eq!(header("dd-evp-origin-version"), Some(version));
    let product = format!("liblockprof/{version}");
    assert_eq!(header("user-agent"), Some(product.as_str()));
    let content_type = header("content-type").unwrap();
    assert!(content_type.starts_with("multipart/form-data; boundary="));
    assert!(header("content-length").is_some());
    assert_eq!(header("connection"), Some("close"));
    assert_eq!(
        header("host").is_some_and(|host| host == "localhost"),
        to_socket
    );
    let known = [
        "accept",
        "connection",
        "content-length",
        "content-type",
        "datadog-container-id",
        "datadog-entity-id",
        "datadog-external-env",
        "dd-evp-origin",
        "dd-evp-origin-version",
        "host",
        "user-agent",
    ];
    let unknown: Vec<_> = upload
        .headers
        .keys()
        .filter(|name| !known.contains(&name.as_str()))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

pub(crate) fn expect_event(upload: &Upload) {
    let ways: Vec<&str> = upload.event.iter().map(|(way, _)| way.as_str()).collect();
    let settings = "info.profiler.settings.";
    assert_eq!(
        ways,
        [
            "attachments[0]",
            "tags_profiler",
            "start",
            "end",
            "family",
            "version",
            "endpoint_counts",
            "process_tags",
            "internal",
            "info.profiler.version",
            &format!("{settings}upload_interval"),
            &format!("{settings}lock.enabled"),
            &format!("{settings}lock.sample"),
            &format!("{settings}lock.wait_sample_ns"),
            &format!("{settings}max_frames"),
        ]
    );
    assert_eq!(upload.event("attachments[0]"), "\"profile.pprof\"");
    assert_eq!(upload.event("family"), "\"native\"");
    assert_eq!(upload.event("version"), "\"4\"");
    assert_eq!(upload.event("endpoint_counts"), "null");
    assert_eq!(upload.event("internal"), "{}");
    assert_eq!(upload.tag("language"), Some("native"));
    assert_eq!(
        upload.tag("profiler_version"),
        Some(env!("CARGO_PKG_VERSION"))
    );
    let uuid: Vec<&str> = upload.tag("runtime-id").unwrap().split('-').collect();
    let lens: Vec<usize> = uuid.iter().map(|group| group.len()).collect();
    assert_eq!(lens, [8, 4, 4, 4, 12]);
    assert!(uuid[2].starts_with('4'), "{uuid:?}");
}

pub(crate) fn expect_profile(upload: &Upload) {
    let profile = &upload.profile;
    assert_eq!(
        profile.types,
        [
            "lock-acquire-wait/nanoseconds",
            "lock-acquire/count",
            "lock-release-hold/nanoseconds",
            "lock-release/count"
        ]
    );
    assert_eq!(profile.default, "lock-acquire-wait");
    let (start_ns, end_ns) = upload.span_ns();
    assert_eq!(profile.time_ns, start_ns);
    assert_eq!(profile.duration_ns, end_ns - start_ns);
    assert!(!profile.rows.is_empty());
    let mut seen = BTreeSet::new();
    for row in &profile.rows {
        assert_eq!(row.values.len(), 4);
        assert!(row.values.iter().any(|value| *value > 0), "{row:?}");
        assert!(row.values.iter().all(|value| *value >= 0), "{row:?}");
        expect_labels(row);
        let twin = format!("{:?} {:?}", row.locations, row.labels);
        assert!(seen.insert(twin), "twice: {row:?}");
    }
    let totals = [WAIT, ACQUIRE, HOLD, RELEASE].map(|column| sum(profile, column, |_| true));
    assert_eq!(go_totals(&upload.bytes), totals);
}

fn expect_labels(row: &RawRow) {
    let known = [
        "lock name",
        "thread id",
        "thread native id",
        "thread name",
        "blocking thread id",
        "blocking thread name",
        "Duration bucket",
        "lock kind",
        "result",
    ];
    let keys: Vec<&str> = row.labels.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys[..4], known[..4], "{row:?}");
    let ordered = known.iter().filter(|key| keys.contains(key));
    let ordered: Vec<&str> = ordered.copied().collect();
    assert_eq!(keys, ordered, "{row:?}");
    assert!(row.number("thread id").unwrap() > 0);
    assert!(row.number("thread native id").unwrap() > 0);
    for text in ["lock name", "thread name", "lock kind"] {
        assert!(
            row.text(text).is_some_and(|text| !text.is_empty()),
            "{row:?}"
        );
    }
    let buckets = [
        "0 - 9 ms",
        " 10 - 49 ms",
        "50 - 99 ms",
        "100 - 499 ms",
        "+500 ms",
    ];
    let bucket = row.text("Duration bucket");
    assert!(
        bucket.is_none_or(|bucket| buckets.contains(&bucket)),
        "{row:?}"
    );
    let is_timed = row.values[WAIT] + row.values[HOLD] > 0;
    assert!(bucket.is_some() || !is_timed, "{row:?}");
}

/// The sum of a column over the rows that are meant.
pub(crate) fn sum(profile: &RawProfile, column: usize, is_meant: impl Fn(&RawRow) -> bool) -> i64 {
    let rows = profile.rows.iter().filter(|row| is_meant(row));
    rows.map(|row| row.values[column]).sum()
}

pub(crate) fn sum_of_all(
    uploads: &[Upload],
    column: usize,
    is_meant: impl Fn(&RawRow) -> bool,
) -> i64 {
    let profiles = uploads.iter().map(|upload| &upload.profile);
    profiles
        .map(|profile| sum(profile, column, &is_meant))
        .sum()
}

/// The sum of each column, as `go tool pprof` reads them.
fn go_totals(profile: &[u8]) -> [i64; 4] {
    let home = Scratch::new();
    let file = home.join("profile.pprof");
    fs::write(&file, profile).unwrap();
    let mut go = Command::new("go");
    go.args(["tool", "pprof", "-raw"]).arg(&file);
    go.env("HOME", home.path()).env("PPROF_TMPDIR", home.path());
    let raw = build::tool("golang-go", go.current_dir(home.path()));
    let (_, rows) = raw.split_once("\nSamples:\n").unwrap();
    let (rows, _) = rows.split_once("\nLocations\n").unwrap();
    let mut totals = [0; 4];
    // `1 2 3 4: 7 8 9`; labels stand on lines of their own.
    for line in rows.lines().skip(1) {
        let (values, _) = line.split_once(": ").unwrap_or((line, ""));
        let values: Result<Vec<i64>, _> = values.split_whitespace().map(str::parse).collect();
        if let Some(values) = values.ok().filter(|values| values.len() == 4) {
            for (total, value) in totals.iter_mut().zip(values) {
                *total += value;
            }
        }
    }
    totals
}
