//! `lockprof report` on who is to blame, what to do, and what not to believe.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use contract::pprof;
use contract::profile::{Function, Label, Line, Location, Profile, Sample};
use contract::sample_type::label;
use serde_json::Value;
use support::{Scratch, gzip, lock_labels, lockprof, number, profile, stderr, stdout, text};

const FUNCTIONS: [&str; 5] = ["main", "put", "get", "flush", "fsync"];

/// Labels of a row about `cache_mu` of this thread.
fn by_thread(id: i64, name: Option<&str>, more: &[Label]) -> Vec<Label> {
    let mut labels = lock_labels("cache_mu", "0x5010");
    labels.truncate(3);
    labels.push(number(label::THREAD_NATIVE_ID, id));
    labels.extend(name.map(|name| text(label::THREAD_NAME, name)));
    labels.extend_from_slice(more);
    labels
}

/// Ten seconds of three threads: `put` waits for `flush`, which has waited for `commit`;
/// `get` waits for nobody knows whom; `flush` holds below `fsync`.
fn blamed() -> Profile {
    let sample = |stack: &[usize], values, labels| Sample {
        stack: stack.to_vec(),
        values,
        labels,
    };
    let blocked = [
        text(label::BLOCKING_SITE, "flush"),
        text(label::ROOT_BLOCKING_SITE, "commit"),
        text(label::BLOCKING_THREAD_NAME, "w-2"),
        number(label::QUEUE_MAX, 2),
    ];
    Profile {
        duration_ns: 10_000_000_000,
        functions: FUNCTIONS
            .iter()
            .map(|name| Function {
                name: (*name).to_owned(),
                ..Function::default()
            })
            .collect(),
        locations: (0..FUNCTIONS.len())
            .map(|function| Location {
                lines: vec![Line { function, line: 0 }],
                ..Location::default()
            })
            .collect(),
        samples: vec![
            sample(
                &[1, 0],
                [0, 1_200_000_000, 0, 0, 1_200, 0, 1_200, 0, 0],
                by_thread(1, Some("w-1"), &blocked),
            ),
            sample(
                &[2, 0],
                [0, 300_000_000, 0, 0, 300, 0, 30, 0, 0],
                by_thread(3, None, &[]),
            ),
            sample(
                &[3, 4, 0],
                [0, 0, 1_000, 4_000_000_000, 0, 1_200_000_000, 10, 0, 0],
                by_thread(2, Some("w-2"), &[]),
            ),
        ],
        comments: [
            "sample: one acquisition in 100",
            "exact waits of mutex: 1550 of 1600000000 ns, estimated 1500 of 1500000000 ns",
            "open holds: 1 for 100, 2500000000 ns in all",
            "open hold: 2500000000 ns, lock log at 0x1, thread w-2, taken in append",
            "lost: 7 records for 700 acquisitions (queue full)",
        ]
        .map(str::to_owned)
        .to_vec(),
        ..Profile::default()
    }
}

fn report(name: &str, profile: &Profile, arguments: &[&str]) -> String {
    let scratch = Scratch::new(name);
    let file = scratch.file("p.pb.gz", &gzip(&pprof::encode(profile)));
    let output = lockprof()
        .arg("report")
        .args(arguments)
        .arg(file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output)
}

fn json(name: &str, profile: &Profile, by: &str) -> Value {
    let text = report(name, profile, &["--format", "json", "--by", by]);
    serde_json::from_str(&text).unwrap()
}

#[test]
fn above_the_table_stands_what_was_lost_to_whom_and_what_to_doubt() {
    let text = report("head", &blamed(), &[]);
    // 1.5 s of 3 times 10 s. 30 waits for 10 each of 1 ms: 52 ms, times 2.342 and 1.1.
    let head = "\
10.0 s in 1 profile: 0 acquisitions, 1,500 waits, 1.50 s of waiting
3 threads waited for locks 5.0% of their time; 80.0% of that was caused in flush
check: 1.50 s estimated of 1.60 s waited, -6.3%; chance explains ±9.0%
warning: lost: 7 records for 700 acquisitions (queue full)
warning: 1 sampled lock was held when the profile was made, in no row, for up to 2.50 s: \
lock log at 0x1, thread w-2, taken in append
warning: 1 of 3 threads without a name

";
    assert!(text.starts_with(head), "{text}");
}

#[test]
fn below_the_table_stands_what_to_do() {
    let text = report("hint", &blamed(), &[]);
    let hint = "\n\nhint: long holds of cache_mu in flush: 100% of the time it is held there is in \
                holds of 1 ms and more, about 1,000 of them, the longest 4.00 ms; fsync is in their \
                stacks\n";
    assert!(text.ends_with(hint), "{text}");
    assert!(!report("no-hint", &profile(), &["--by", "site"]).contains("hint: "));
}

#[test]
fn hints_come_with_their_evidence() {
    let document = json("evidence", &blamed(), "lock");
    let hint = &document["hints"][0];
    assert_eq!(document["hints"].as_array().unwrap().len(), 1);
    for (key, value) in [
        ("kind", Value::from("long-hold")),
        ("lock", "cache_mu".into()),
        ("address", "0x5010".into()),
        ("site", "flush".into()),
        ("under", "fsync".into()),
        ("wait_ns", 1_500_000_000.into()),
        ("long_holds", 1_000.into()),
        ("long_hold_ns", 4_000_000_000_u64.into()),
        ("hold_ns", 4_000_000_000_u64.into()),
        ("hold_max_ns", 4_000_000.into()),
    ] {
        assert_eq!(hint[key], value, "{key}");
    }
    assert!(hint["text"].as_str().unwrap().starts_with("long holds of"));
    assert_eq!(document["check"]["exact_wait_ns"], 1_600_000_000);
    assert_eq!(document["check"]["estimated_wait_ns"], 1_500_000_000);
    assert_eq!(document["warnings"].as_array().unwrap().len(), 3);
}

#[test]
fn a_table_of_edges_says_who_waits_for_whom() {
    let table = report("edges", &blamed(), &["--by", "edge"]);
    let expected = "\
                                          that waited  holding            wait           of all     wait     wait     wait  longest
lock      kind   waiting  held by    for          thread   waits   total      ±  waiting     mean      p99      max    queue
cache_mu  mutex  put      flush      commit       w-2      1,200  1.20 s  ±0.5%    80.0%  1.00 ms  1.00 ms  1.00 ms        2
cache_mu  mutex  get      [unknown]  -            -          300  300 ms   ±46%    20.0%  1.00 ms  1.00 ms  1.00 ms        -
";
    let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(squeeze(&table).contains(&squeeze(expected)), "{table}");
}

#[test]
fn edges_have_keys_for_programs() {
    let document = json("edge-keys", &blamed(), "edge");
    assert_eq!(
        (&document["by"], &document["sort"]),
        (&"edge".into(), &"wait".into())
    );
    let rows = document["rows"].as_array().unwrap();
    let found: Vec<[&Value; 6]> = rows
        .iter()
        .map(|row| {
            [
                "waiter_site",
                "holder_site",
                "root_site",
                "holder_thread",
                "lock",
                "wait_error_ns",
            ]
            .map(|key| &row[key])
        })
        .collect();
    let null = Value::Null;
    let text = |text: &str| Value::from(text);
    let (lock, unknown) = (text("cache_mu"), text("[unknown]"));
    assert_eq!(
        found,
        [
            [
                &text("put"),
                &text("flush"),
                &text("commit"),
                &text("w-2"),
                &lock,
                &4_800_000.into()
            ],
            [
                &text("get"),
                &unknown,
                &null,
                &null,
                &lock,
                &135_073_280.into()
            ],
        ]
    );
    assert_eq!(rows[0]["share_percent"], 80.0);
    assert_eq!(document["total"]["wait_ns"], 1_500_000_000);
}

#[test]
fn holders_stand_in_the_order_of_the_waiting_they_caused() {
    let mut profile = blamed();
    let mut idle = profile.samples[2].clone();
    idle.stack = vec![1, 0];
    idle.values = [0, 0, 10, 9_000_000_000, 0, 1_000_000, 10, 0, 0];
    profile.samples.push(idle);
    let document = json("holders", &profile, "holder");
    assert_eq!(document["sort"], "blocked");
    let rows = document["rows"].as_array().unwrap();
    let found: Vec<_> = rows
        .iter()
        .map(|row| {
            [
                &row["site"],
                &row["blocked_ns"],
                &row["blame_percent"],
                &row["top_lock"],
            ]
        })
        .collect();
    let lock = Value::from("cache_mu");
    assert_eq!(
        found,
        [
            [&"flush".into(), &1_200_000_000.into(), &80.0.into(), &lock],
            [&"put".into(), &1_000_000.into(), &0.066.into(), &lock],
        ]
    );
    let table = report("holders-table", &profile, &["--by", "holder"]);
    assert!(table.contains("1.20 s"), "{table}");
}

#[test]
fn locks_of_one_name_are_counted() {
    let mut profile = blamed();
    profile.samples[1].labels[2] = text(label::LOCK, "0x6010");
    let document = json("names", &profile, "name");
    let rows = document["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (&rows[0]["lock"], &rows[0]["locks"]),
        (&"cache_mu".into(), &2.into())
    );
    // 1.5 s of three threads for ten seconds each.
    assert_eq!(rows[0]["bound_percent"], 5.0);
    assert_eq!(document["total"]["locks"], 2);
}

#[test]
fn everything_sampled_is_said_to_be_exact_by_nothing_beside_it() {
    let mut profile = blamed();
    profile.comments[0] = "sample: one acquisition in 1".to_owned();
    let table = report("exact", &profile, &[]);
    assert!(!table.contains('±') && !table.contains("exact"), "{table}");
    let row = &json("exact-json", &profile, "lock")["rows"][0];
    for key in [
        "waits_error",
        "wait_error_ns",
        "hold_error_ns",
        "failed_error",
    ] {
        assert_eq!(row[key], 0, "{key}");
    }
}

#[test]
fn a_profile_from_before_samples_were_counted_has_no_intervals() {
    let mut profile = blamed();
    for sample in &mut profile.samples {
        sample.values[6] = 0;
    }
    let table = report("unknown", &profile, &[]);
    assert!(table.contains("1.50 s  -  1.00 ms"), "{table}");
    let row = &json("unknown-json", &profile, "lock")["rows"][0];
    for key in [
        "waits_error",
        "wait_error_ns",
        "holds_error",
        "hold_error_ns",
        "blocked_error_ns",
    ] {
        assert_eq!(row[key], Value::Null, "{key}");
    }
}
