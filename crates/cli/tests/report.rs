//! `lockprof report` on good and on bad files.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs::{self, File};
use std::process::{Command, Output, Stdio};

use contract::pprof;
use contract::profile::{Label, LabelValue, Profile};
use contract::sample_type::label;
use serde_json::Value;
use support::{Scratch, encoded, gzip, lockprof, profile, stderr, stdout};

fn report(arguments: &[&str]) -> Output {
    lockprof().arg("report").args(arguments).output().unwrap()
}

/// The report about one good profile.
fn of_profile(name: &str, arguments: &[&str]) -> String {
    let scratch = Scratch::new(name);
    let file = scratch.file("p.pb.gz", &encoded());
    let mut all = arguments.to_vec();
    all.push(file.to_str().unwrap());
    let output = report(&all);
    assert_eq!(stderr(&output), "");
    assert!(output.status.success());
    stdout(&output)
}

#[test]
fn the_table_shows_locks_by_waiting_time() {
    // 10 sampled acquisitions for 100 each: ±835; 10 waits for 10 each: ±79.6, and 1.3
    // times that as lengths are known from 10. All waits were about 1.5 ms, all holds 4 ms long.
    let expected = "\
10.0 s in 1 profile: 1,005 acquisitions, 100 waits, 150 ms of waiting
1 thread waited for locks 1.5% of its time; 100% of that was caused in get

                                                      wait            wait     wait     wait  at most    hold            hold     hold                          most     most
lock      kind   acquired      ±  contended  waits   total      ±     mean      p99      max  to gain   total      ±     mean      max  in use  blocked      ±  waiting  holding
cache_mu  mutex     1,000   ±84%      10.0%    100  150 ms  ±104%  1.50 ms  1.99 ms  2.00 ms     1.5%  4.00 s  ±109%  4.00 ms  4.00 ms   40.0%   150 ms  ±104%  put      get
log_mu    mutex         5  exact         0%      0    0 ns      -        -        -        -       0%    0 ns      -        -        -      0%     0 ns      -  -        -
";
    let text = of_profile("table", &[]);
    let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(squeeze(&text), squeeze(expected), "{text}");
}

/// The good profile, and sync waits beside.
fn with_sync_waits() -> Profile {
    let mut profile = profile();
    let mut add = |values, labels: &[(&str, &str)]| {
        let mut sample = profile.samples[0].clone();
        sample.values = values;
        sample.labels = labels
            .iter()
            .map(|(key, text)| Label {
                key: (*key).to_owned(),
                value: LabelValue::Text((*text).to_owned()),
            })
            .collect();
        profile.samples.push(sample);
    };
    let condition = [
        (label::LOCK_NAME, "work_cv"),
        (label::LOCK_KIND, "cond"),
        (label::LOCK, "0x6000"),
    ];
    let woken = [
        (label::BLOCKING_SITE, "submit"),
        (label::BLOCKING_THREAD_NAME, "main"),
    ];
    let values = |samples, waits, wait_ns| [0, 0, 0, 0, 0, 0, samples, waits, wait_ns];
    add(
        values(40, 40, 8_000_000_000),
        &[&condition[..], &woken].concat(),
    );
    let late = [(label::RESULT, "timeout")];
    add(
        values(2, 2, 1_000_000_000),
        &[&condition[..], &late].concat(),
    );
    let signalled = [
        (label::LOCK_NAME, "word"),
        (label::LOCK_KIND, "futex"),
        (label::LOCK, "0x9000"),
        (label::RESULT, "interrupted"),
    ];
    add(values(3, 3, 100_000_000), &signalled);
    for address in ["0x7000", "0x8000"] {
        let thread = [
            (label::LOCK_NAME, "[threads]"),
            (label::LOCK_KIND, "join"),
            (label::LOCK, address),
        ];
        add(values(1, 1, 250_000_000), &thread);
    }
    profile
}

fn report_of(name: &str, profile: &Profile, arguments: &[&str]) -> String {
    let scratch = Scratch::new(name);
    let file = scratch.file("p.pb.gz", &gzip(&pprof::encode(profile)));
    let mut all = arguments.to_vec();
    all.push(file.to_str().unwrap());
    let output = report(&all);
    assert_eq!(stderr(&output), "");
    stdout(&output)
}

#[test]
fn what_is_no_waiting_for_a_lock_has_a_table_of_its_own() {
    let expected = "\
10.0 s in 1 profile: 47 sync waits of 9.60 s (for signals, for ends of threads, by futex)

waiting                                   ending                                  wait          of all    wait    wait    wait
for        kind   waiting  ended by       thread  waits  timeouts  interrupted   total      ±  waiting    mean     p99     max
work_cv    cond   put      submit         main       40         0            0  8.00 s  ±0.1%    83.3%  200 ms  200 ms  200 ms
work_cv    cond   put      [timeout]      -           0         2            0  1.00 s  exact    10.4%       -       -       -
[threads]  join   put      -              -           2         0            0  500 ms  ±0.1%     5.2%  250 ms  250 ms  250 ms
word       futex  put      [interrupted]  -           0         0            3  100 ms  exact     1.0%       -       -       -
";
    let text = report_of("sync", &with_sync_waits(), &["--by", "sync"]);
    let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(squeeze(&text), squeeze(expected), "{text}");
    let json: Value = serde_json::from_str(&report_of(
        "sync-json",
        &with_sync_waits(),
        &["--by", "sync", "--format", "json"],
    ))
    .unwrap();
    assert_eq!(json["rows"][0]["object"], "work_cv");
    assert_eq!(json["rows"][0]["waker_site"], "submit");
    assert_eq!(json["total"]["wait_ns"], 9_600_000_000_u64);
}

#[test]
fn sync_waits_change_no_number_about_locks() {
    let without = of_profile("locks-alone", &[]);
    let with = report_of("locks-and-sync", &with_sync_waits(), &[]);
    let besides = "besides, 47 sync waits of 9.60 s (for signals, for ends of threads, by futex): report --by sync\n";
    assert!(with.contains(besides), "{with}");
    assert_eq!(with.replace(besides, ""), without);
    for by in ["site", "thread", "edge", "holder", "name"] {
        let arguments = ["--by", by, "--format", "csv"];
        let with = report_of(by, &with_sync_waits(), &arguments);
        assert_eq!(with, of_profile(by, &arguments), "by {by}");
    }
}

#[test]
fn sites_and_threads_have_tables_of_their_own() {
    let sites = of_profile("sites", &["--by", "site", "--sort", "hold"]);
    let names: Vec<&str> = sites
        .lines()
        .skip(5)
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(names, ["get", "put", "log"]);
    assert!(sites.contains("blocked"), "{sites}");
    let threads = of_profile("threads", &["--by", "thread"]);
    assert!(
        threads.contains("worker    4711     1,005  ±84%"),
        "{threads}"
    );
}

#[test]
fn a_short_table_says_how_much_is_missing() {
    let text = of_profile("top", &["--top", "1"]);
    assert!(text.ends_with("… and 1 more\n"), "{text}");
    assert!(!text.contains("log_mu"), "{text}");
    assert!(of_profile("all", &["--top", "0"]).contains("log_mu"));
}

#[test]
fn a_table_fits_the_terminal() {
    let scratch = Scratch::new("terminal");
    let file = scratch.file("p.pb.gz", &encoded());
    for width in [60, 80, 120] {
        let command = format!(
            "stty rows 40 cols {width}; {} report {}",
            env!("CARGO_BIN_EXE_lockprof"),
            file.display()
        );
        let output = Command::new("script")
            .args(["-q", "-c", &command, "/dev/null"])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = stdout(&output);
        let lines = text.lines().map(str::trim_end);
        let table: Vec<&str> = lines.skip_while(|line| !line.is_empty()).collect();
        assert!(text.contains("cache_mu"), "{text}");
        assert!(text.contains("columns hidden"), "{text}");
        assert!(
            table.iter().all(|line| line.chars().count() <= width),
            "{text}"
        );
    }
}

#[test]
fn json_keeps_its_shape() {
    let text = of_profile("json", &["--format", "json", "--top", "1"]);
    let mut document: Value = serde_json::from_str(&text).unwrap();
    document["files"][0]["path"] = "FILE".into();
    let text = format!("{document:#}\n");
    let golden = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/report-of-hand-made-profile.json"
    );
    if std::env::var_os("REWRITE_GOLDENS").is_some() {
        fs::write(golden, &text).unwrap();
    }
    assert_eq!(text, fs::read_to_string(golden).unwrap());
}

#[test]
fn csv_has_a_header_and_raw_numbers() {
    let text = of_profile("csv", &["--format", "csv"]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "lock,kind,address,acquisitions,acquisitions_error,contended_percent,waits,waits_error,\
         failed,failed_error,wait_ns,wait_error_ns,wait_mean_ns,wait_p50_ns,wait_p90_ns,\
         wait_p99_ns,wait_max_ns,queue_max,failed_wait_ns,bound_percent,holds,holds_error,\
         hold_ns,hold_error_ns,hold_mean_ns,hold_p50_ns,hold_p90_ns,hold_p99_ns,hold_max_ns,\
         utilisation_percent,blocked_ns,blocked_error_ns,top_wait_site,top_hold_site"
    );
    // From 1,048,576 to 2,000,000 ns, the 50th, 90th and 99th of 100 waits.
    assert_eq!(
        lines[1],
        "cache_mu,mutex,0x5010,1000,835,10,100,104,0,,150000000,155639428,1500000,1524288,\
         1904858,1990486,2000000,,0,1.5,1000,835,4000000000,4342022925,4000000,4000000,4000000,\
         4000000,4000000,40,150000000,155239428,put,get"
    );
    assert_eq!(
        lines[2],
        "log_mu,mutex,0x5040,5,0,0,0,,0,,0,,,,,,,,0,0,0,,0,,,,,,,0,0,,,"
    );
    assert_eq!(lines.len(), 3);
}

#[test]
fn folded_stacks_are_of_the_value_asked_for() {
    let folded = |name, value| of_profile(name, &["--format", "folded", "--value", value]);
    assert_eq!(
        of_profile("folded", &["--format", "folded"]),
        "main;put;std::mutex::lock 150000000\n"
    );
    assert_eq!(folded("folded-hold", "hold"), "main;get 4000000000\n");
    assert_eq!(
        folded("folded-count", "acquisitions"),
        "main;log;std::mutex::lock 5\nmain;put;std::mutex::lock 1000\n"
    );
    assert_eq!(
        folded("folded-waits", "contentions"),
        "main;put;std::mutex::lock 100\n"
    );
}

#[test]
fn several_files_add_up() {
    let scratch = Scratch::new("several");
    let one = scratch.file("1.pb.gz", &encoded());
    let two = scratch.file("2.pb", &pprof::encode(&profile()));
    let output = report(&[one.to_str().unwrap(), two.to_str().unwrap()]);
    let text = stdout(&output);
    assert!(
        text.starts_with("20.0 s in 2 profiles: 2,010 acquisitions, 200 waits"),
        "{text}"
    );
    assert!(text.contains("40.0%"), "{text}");
}

#[test]
fn bad_files_are_named_and_the_others_reported() {
    let scratch = Scratch::new("bad");
    let good = scratch.file("good.pb.gz", &encoded());
    let plain = pprof::encode(&profile());
    let cases = [
        (scratch.join("missing"), "no such file or directory"),
        (scratch.path().to_owned(), "is a directory"),
        (scratch.file("empty", b""), "the file is empty"),
        (scratch.file("hollow", &gzip(b"")), "the file is empty"),
        (
            scratch.file("text", b"hello, world\n"),
            "not a whole pprof profile: ",
        ),
        (
            scratch.file("cut.gz", &encoded()[..100]),
            "the gzip data is cut off",
        ),
        (
            scratch.file("cut", &plain[..plain.len() / 2]),
            "not a whole pprof profile: ",
        ),
        (
            scratch.file("inner", &gzip(&plain[..plain.len() / 2])),
            "not a whole pprof profile: ",
        ),
        (
            scratch.file("noise.gz", &[&[0x1f, 0x8b][..], &[7; 50]].concat()),
            "damaged gzip data: ",
        ),
        (
            scratch.file("foreign", &[0x48, 1]),
            "not a lock profile: it has no lock-acquire/count, ",
        ),
    ];
    for (file, reason) in &cases {
        let output = report(&[file.to_str().unwrap(), good.to_str().unwrap()]);
        let line = format!("lockprof: {}: {reason}", file.display());
        let said = stderr(&output);
        assert!(said.starts_with(&line), "{line}\n{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert_eq!(output.status.code(), Some(1));
        assert!(stdout(&output).contains("cache_mu"));
    }
}

#[test]
fn a_file_cut_at_any_length_is_refused_or_read_but_never_a_crash() {
    let scratch = Scratch::new("cut");
    let (packed, plain) = (encoded(), pprof::encode(&profile()));
    for len in (0..packed.len()).step_by(13) {
        let file = scratch.file("packed", &packed[..len]);
        let output = report(&[file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1), "{len}");
        assert_eq!(stdout(&output), "", "{len}");
        assert_eq!(stderr(&output).lines().count(), 1, "{len}");
    }
    for len in (0..plain.len()).step_by(29) {
        let file = scratch.file("plain", &plain[..len]);
        let output = report(&[file.to_str().unwrap()]);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{len}");
    }
}

#[test]
fn an_empty_profile_is_said_to_be_empty() {
    let scratch = Scratch::new("hollow");
    let file = scratch.file("p.pb.gz", &gzip(&pprof::encode(&Profile::default())));
    let output = report(&[file.to_str().unwrap()]);
    assert!(output.status.success());
    let said = format!("lockprof: {}: an empty profile\n", file.display());
    assert_eq!(stderr(&output), said);
    let json = report(&["--format", "json", file.to_str().unwrap()]);
    let document: Value = serde_json::from_str(&stdout(&json)).unwrap();
    assert_eq!(document["rows"], Value::Array(Vec::new()));
}

#[test]
fn losses_are_warnings() {
    let scratch = Scratch::new("losses");
    let mut lossy = profile();
    lossy
        .comments
        .push("lost: 12 records (queue full)".to_owned());
    let file = scratch.file("p.pb.gz", &gzip(&pprof::encode(&lossy)));
    let output = report(&[file.to_str().unwrap(), file.to_str().unwrap()]);
    assert!(output.status.success());
    assert_eq!(stderr(&output), "");
    let warnings = "\nwarning: lost: 12 records (queue full)\n";
    assert_eq!(stdout(&output).matches(warnings).count(), 1);
    // Where the report is for programs, people are told beside it.
    let said = "lockprof: warning: lost: 12 records (queue full)\n";
    let csv = report(&["--format", "csv", file.to_str().unwrap()]);
    assert_eq!(stderr(&csv), said);
    let json = report(&["--format", "json", file.to_str().unwrap()]);
    let document: Value = serde_json::from_str(&stdout(&json)).unwrap();
    assert_eq!(document["warnings"][0], "lost: 12 records (queue full)");
}

#[test]
fn wrong_arguments_are_refused_in_one_line() {
    for (arguments, reason) in [
        (
            &["--sort", "nonsense", "x"][..],
            "lockprof: --sort nonsense: by lock the keys are: lock, kind, ",
        ),
        (
            &["--by", "site", "--sort", "thread", "x"],
            "lockprof: --sort thread: by site the keys are: site, ",
        ),
        (
            &["--value", "hold", "x"],
            "lockprof: --value goes with --format folded",
        ),
    ] {
        let output = report(arguments);
        let said = stderr(&output);
        assert!(said.starts_with(reason), "{said}");
        assert_eq!(said.lines().count(), 1);
        assert_eq!(output.status.code(), Some(2));
    }
    assert_eq!(report(&[]).status.code(), Some(2));
    assert_eq!(report(&["--by", "colour", "x"]).status.code(), Some(2));
}

#[test]
fn a_reader_that_has_gone_away_is_no_error() {
    let scratch = Scratch::new("gone");
    let file = scratch.file("p.pb.gz", &encoded());
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = lockprof()
        .arg("report")
        .arg(&file)
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap();
    assert!(output.status.success());
    assert_eq!(stderr(&output), "");
}

#[test]
fn a_full_disk_is_an_error() {
    let scratch = Scratch::new("full");
    let file = scratch.file("p.pb.gz", &encoded());
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = lockprof()
        .arg("report")
        .arg(&file)
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).starts_with("lockprof: cannot write the report: no space left"));
}

#[test]
fn help_and_version_go_to_standard_output() {
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["report", "--help"],
        &["run", "-h"],
    ] {
        let output = lockprof().args(arguments).output().unwrap();
        assert!(output.status.success());
        assert_eq!(stderr(&output), "");
        assert!(!output.stdout.is_empty());
    }
    let output = lockprof().output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("Usage: lockprof <COMMAND>"));
}

#[test]
fn reading_leaves_files_as_they_were() {
    let scratch = Scratch::new("untouched");
    let file = scratch.file("p.pb.gz", &encoded());
    report(&[file.to_str().unwrap()]);
    assert_eq!(fs::read(&file).unwrap(), encoded());
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1);
}
