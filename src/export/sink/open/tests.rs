//! Profiles for open stores, decoded again.

use std::collections::BTreeMap;
use std::io::Read as _;

use contract::profile::{Function, Label, LabelValue, Line, Location, Mapping};
use contract::sample_type::label;
use flate2::read::MultiGzDecoder;
use prost::Message as _;

use super::*;
use crate::export::sink::Sender;

/// A row about a lock, of the six columns that are told.
pub(in crate::export::sink) fn sample(lock: &str, stack: &[usize], values: [i64; 6]) -> Sample {
    let mut sample = Sample {
        stack: stack.to_vec(),
        ..Sample::default()
    };
    sample.values[..6].copy_from_slice(&values);
    for (key, text) in [
        (label::LOCK_NAME, lock),
        (label::LOCK, "0x1234"),
        (label::THREAD_NAME, "worker"),
    ] {
        sample.labels.push(Label {
            key: key.to_owned(),
            value: LabelValue::Text(text.to_owned()),
        });
    }
    sample
}

/// Ten locations of a library, behind one of the program.
pub(in crate::export::sink) fn tables() -> Profile {
    many_tables(10, "work")
}

fn many_tables(len: usize, name: &str) -> Profile {
    let mapping = |file: &str| Mapping {
        start: 0x1000,
        limit: 0x9000,
        file: file.to_owned(),
        build_id: format!("id of {file}"),
        has_functions: true,
        ..Mapping::default()
    };
    let lines = |function| vec![Line { function, line: 0 }];
    Profile {
        start_unix_ns: 1_700_000_000_000_000_000,
        duration_ns: 60_000_000_000,
        mappings: ["/bin/app", "/lib/unused.so", "/lib/used.so"]
            .map(mapping)
            .to_vec(),
        functions: (0..len)
            .map(|index| Function {
                name: format!("{name}_{index}"),
                system_name: format!("_Z{name}_{index}"),
                ..Function::default()
            })
            .collect(),
        locations: (0..len)
            .map(|index| Location {
                address: 0x2000 + index as u64,
                mapping: Some(2),
                lines: lines(index),
            })
            .collect(),
        samples: Vec::new(),
        comments: vec!["lost: nothing".to_owned()],
    }
}

fn profiles_of(pid: u32) -> Profiles {
    Profiles::new(pid, StandIns::WhereNoneIsFound)
}

/// What stores decode, by the public field numbers.
#[derive(Clone, PartialEq, prost::Message)]
struct Pprof {
    #[prost(message, repeated, tag = "1")]
    types: Vec<Pair>,
    #[prost(message, repeated, tag = "2")]
    rows: Vec<Row>,
    #[prost(message, repeated, tag = "3")]
    mappings: Vec<Entry>,
    #[prost(message, repeated, tag = "4")]
    locations: Vec<Place>,
    #[prost(message, repeated, tag = "5")]
    functions: Vec<Entry>,
    #[prost(string, repeated, tag = "6")]
    texts: Vec<String>,
    #[prost(int64, tag = "9")]
    start_unix_ns: i64,
    #[prost(int64, tag = "10")]
    duration_ns: i64,
    #[prost(message, optional, tag = "11")]
    period: Option<Pair>,
    #[prost(int64, repeated, tag = "13")]
    comments: Vec<i64>,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Pair {
    #[prost(int64, tag = "1")]
    first: i64,
    #[prost(int64, tag = "2")]
    second: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Row {
    #[prost(uint64, repeated, tag = "1")]
    stack: Vec<u64>,
    #[prost(int64, repeated, tag = "2")]
    values: Vec<i64>,
    #[prost(message, repeated, tag = "3")]
    labels: Vec<Pair>,
}

/// A mapping or a function, which begin alike.
#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Entry {
    #[prost(uint64, tag = "1")]
    id: u64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Place {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(message, repeated, tag = "4")]
    lines: Vec<Entry>,
}

impl Pprof {
    fn text(&self, index: i64) -> &str {
        &self.texts[usize::try_from(index).unwrap()]
    }

    fn type_names(&self) -> Vec<&str> {
        self.types
            .iter()
            .map(|pair| self.text(pair.first))
            .collect()
    }

    /// Lock and values of each row, in their order.
    fn told(&self) -> Vec<(String, Vec<i64>)> {
        let mut told: Vec<_> = self
            .rows
            .iter()
            .map(|row| {
                assert_eq!(self.text(row.labels[0].first), "lock_name");
                let lock = self.text(row.labels[0].second).to_owned();
                (lock, row.values.clone())
            })
            .collect();
        told.sort();
        told
    }
}

/// Decodes a profile as a store does, and checks what it would refuse.
fn accept(finished: &Finished) -> Pprof {
    let mut plain = Vec::new();
    MultiGzDecoder::new(finished.gzip.as_slice())
        .read_to_end(&mut plain)
        .unwrap();
    let pprof = Pprof::decode(plain.as_slice()).unwrap();
    assert!(plain.len() <= 4 << 20, "{} bytes", plain.len());
    assert!(pprof.rows.len() <= 16_000, "{} rows", pprof.rows.len());
    let ids = |entries: &[Entry]| entries.iter().map(|entry| entry.id).collect::<Vec<_>>();
    let locations = pprof.locations.iter().map(|location| location.id);
    for ids in [
        ids(&pprof.mappings),
        locations.collect(),
        ids(&pprof.functions),
    ] {
        assert_eq!(ids, (1..=ids.len() as u64).collect::<Vec<_>>());
    }
    for row in &pprof.rows {
        assert_eq!(row.values.len(), pprof.types.len());
        assert!(row.values.iter().all(|value| *value >= 0));
        assert_eq!(row.labels.len(), 1);
        let len = pprof.locations.len() as u64;
        assert!(row.stack.iter().all(|id| (1..=len).contains(id)));
    }
    for name in pprof.type_names() {
        assert!(!name.contains('-'), "Pyroscope refuses {name}");
    }
    assert!(pprof.start_unix_ns > 0);
    pprof
}

#[test]
fn who_waited_and_who_held_are_told_apart_at_their_own_stacks() {
    let mut profiles = profiles_of(0);
    let tables = tables();
    profiles.add(&sample("cache_mu", &[3, 9], [5, 50, 0, 0, 2, 0]), &tables);
    profiles.add(&sample("cache_mu", &[4, 9], [0, 0, 5, 70, 0, 50]), &tables);
    let finished = profiles.finish(&tables);
    let [waiters, holders] = &finished[..] else {
        panic!("{} profiles", finished.len());
    };
    assert_eq!((waiters.name, holders.name), ("mutex", "mutex_holder"));
    let waiters = accept(waiters);
    assert_eq!(
        waiters.type_names(),
        ["contentions", "delay", "acquisitions"]
    );
    assert_eq!(waiters.told(), [("cache_mu".to_owned(), vec![2, 50, 5])]);
    assert_eq!(waiters.text(waiters.period.unwrap().first), "contentions");
    let holders = accept(holders);
    assert_eq!(holders.type_names(), ["releases", "delay", "hold"]);
    assert_eq!(holders.told(), [("cache_mu".to_owned(), vec![5, 50, 70])]);
}

#[test]
fn rows_that_differ_in_labels_dropped_are_one() {
    let mut profiles = profiles_of(0);
    let tables = tables();
    for thread in ["a", "b", "a"] {
        let mut row = sample("cache_mu", &[3, 9], [1, 10, 0, 0, 1, 0]);
        row.labels[2].value = LabelValue::Text(thread.to_owned());
        profiles.add(&row, &tables);
    }
    profiles.add(&sample("queue_mu", &[3, 9], [1, 10, 0, 0, 1, 0]), &tables);
    profiles.add(&sample("cache_mu", &[9], [1, 10, 0, 0, 1, 0]), &tables);
    let told = accept(&profiles.finish(&tables)[0]).told();
    let told: Vec<_> = told.iter().map(|(lock, v)| (lock.as_str(), v[1])).collect();
    assert_eq!(told, [("cache_mu", 10), ("cache_mu", 30), ("queue_mu", 10)]);
}

#[test]
fn only_what_rows_refer_to_is_sent_the_program_first() {
    let mut profiles = profiles_of(0);
    let tables = tables();
    profiles.add(&sample("cache_mu", &[8, 3], [1, 0, 0, 0, 0, 0]), &tables);
    let pprof = accept(&profiles.finish(&tables)[0]);
    let lens = [&pprof.mappings, &pprof.functions].map(Vec::len);
    assert_eq!((lens, pprof.locations.len()), ([2, 2], 2));
    for kept in ["/bin/app", "/lib/used.so", "id of /lib/used.so", "work_8"] {
        assert!(pprof.texts.iter().any(|text| text == kept), "{kept}");
    }
    assert!(!pprof.texts.iter().any(|text| text == "/lib/unused.so"));
    let first = pprof.texts.iter().position(|text| text == "/bin/app");
    let second = pprof.texts.iter().position(|text| text == "/lib/used.so");
    assert!(first < second);
}

#[test]
fn a_place_without_a_name_gets_one_unless_a_store_can_find_it() {
    let mut tables = tables();
    for location in &mut tables.locations[..4] {
        location.lines.clear();
    }
    // A file with some names; one with none, by whose id they are found; one without an id.
    tables.mappings[1].has_functions = false;
    tables.mappings[1].file_offset = 0x500;
    tables.mappings.push(Mapping {
        build_id: String::new(),
        ..tables.mappings[1].clone()
    });
    for (location, mapping) in [(1, Some(1)), (2, Some(3)), (3, None)] {
        tables.locations[location].mapping = mapping;
    }
    for (stand_ins, expected) in [
        (StandIns::WhereNoneIsFound, [1, 0, 1, 1]),
        (StandIns::Always, [1, 1, 1, 1]),
    ] {
        let mut profiles = Profiles::new(0, stand_ins);
        profiles.add(&sample("m", &[0, 1, 2, 3], [1, 0, 0, 0, 0, 0]), &tables);
        let pprof = accept(&profiles.finish(&tables)[0]);
        let lines: Vec<_> = pprof.locations.iter().map(|l| l.lines.len()).collect();
        assert_eq!(lines, expected);
        for name in ["used.so+0x1000", "unused.so+0x1502", "[unknown]"] {
            assert!(pprof.texts.iter().any(|text| text == name), "{name}");
        }
    }
}

#[test]
fn few_locks_have_names_those_most_waited_for_and_for_good() {
    let mut profiles = profiles_of(0);
    let tables = tables();
    for lock in 0..200_i64 {
        let row = sample(&format!("lock_{lock:03}"), &[3], [1, lock, 0, 0, 1, 0]);
        profiles.add(&row, &tables);
    }
    profiles.add(
        &sample("0x7fff1234#2", &[3], [1, 1_000_000, 0, 0, 1, 0]),
        &tables,
    );
    let told = accept(&profiles.finish(&tables)[0]).told();
    // Half of the places stay free for later ones.
    assert_eq!(told.len(), 11);
    // 0 + 1 + … + 189, and the lock without a name.
    assert_eq!(told[0], ("[others]".to_owned(), vec![191, 1_017_955, 191]));
    assert_eq!(told[1].0, "lock_190");
    assert_eq!(told[10].0, "lock_199");

    for lock in (0..5).flat_map(|_| 0..200) {
        let row = sample(&format!("late_{lock}"), &[3], [1, 1, 0, 0, 1, 0]);
        profiles.add(&row, &tables);
        if lock == 199 {
            let _ = profiles.finish(&tables);
        }
    }
    for name in ["lock_190", "never_seen", "late_199"] {
        profiles.add(&sample(name, &[3], [1, 1, 0, 0, 1, 0]), &tables);
    }
    let told = accept(&profiles.finish(&tables)[0]).told();
    let locks: Vec<_> = told.iter().map(|(lock, _)| lock.as_str()).collect();
    assert_eq!(locks, ["[others]", "lock_190"]);
}

/// Sums of the first value, by kind, of many rows through many functions.
fn split(rows: usize, name: &str, frames: usize) -> (Vec<Pprof>, i64) {
    let mut profiles = profiles_of(7);
    let tables = many_tables(rows, name);
    for row in 0..rows {
        let stack: Vec<usize> = (0..frames).map(|frame| (row + frame) % rows).collect();
        let row = sample("cache_mu", &stack, [3, 30, 0, 0, 1, 0]);
        profiles.add(&row, &tables);
    }
    let parts: Vec<Pprof> = profiles.finish(&tables).iter().map(accept).collect();
    let acquisitions = parts
        .iter()
        .flat_map(|part| &part.rows)
        .map(|row| row.values[2]);
    let sum = acquisitions.sum();
    (parts, sum)
}

#[test]
fn what_a_store_would_refuse_is_split() {
    let few = split(100, "short", 3);
    assert_eq!((few.0.len(), few.1), (1, 300));
    let many = split(40_000, "short", 1);
    assert!(many.0.len() > 2, "{} parts", many.0.len());
    assert_eq!(many.1, 120_000);
    let long = split(3000, &"very_long_name_".repeat(200), 3);
    assert!(long.0.len() > 2, "{} parts", long.0.len());
    assert_eq!(long.1, 9000);

    // A store takes equal labels at the same millisecond for one profile sent twice.
    let mut starts: Vec<i64> = many
        .0
        .iter()
        .map(|part| part.start_unix_ns / 1_000_000)
        .collect();
    starts.dedup();
    assert_eq!(starts.len(), many.0.len());
    assert_eq!(starts[0], 1_700_000_000_007);
    assert!(many.0.iter().all(|part| part.duration_ns == 60_000_000_000));
    let comments: usize = many.0.iter().map(|part| part.comments.len()).sum();
    assert_eq!(comments, 1, "the last part alone has the comments");
}

#[test]
fn a_profile_of_a_long_interval_does_not_begin_too_long_ago() {
    let mut profiles = profiles_of(0);
    let mut tables = tables();
    tables.duration_ns = 86_400_000_000_000;
    profiles.add(&sample("cache_mu", &[3], [1, 0, 0, 0, 0, 0]), &tables);
    let pprof = accept(&profiles.finish(&tables)[0]);
    let end_ns = tables.start_unix_ns + tables.duration_ns;
    assert_eq!(end_ns - pprof.start_unix_ns, 3_000_000_000_000);
    assert_eq!(pprof.duration_ns, tables.duration_ns);
}

#[test]
fn labels_are_made_to_fit_whatever_the_user_says() {
    let mut sender = Sender {
        service: "shop".to_owned(),
        environment: Some("x".repeat(5000)),
        version: None,
        host: String::new(),
        ..Sender::default()
    };
    for (key, value) in [
        ("k8s.pod-name", "pod"),
        ("k8s_pod_name", "second"),
        ("__name__", "hidden"),
        ("7up", "seven"),
        ("service_name", "another"),
        ("lock_name", "hides the lock"),
        ("empty", ""),
        ("grüße", "ü"),
    ] {
        sender.tags.push((key.to_owned(), value.to_owned()));
    }
    let labels: BTreeMap<String, String> = series_labels(&sender).into_iter().collect();
    let keys: Vec<&str> = labels.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "_7up",
            "_name__",
            "environment",
            "gr__e",
            "k8s_pod_name",
            "service_name"
        ]
    );
    assert_eq!(labels["service_name"], "shop");
    assert_eq!(labels["k8s_pod_name"], "pod");
    assert_eq!(labels["environment"].len(), 2048);
    assert_eq!(labels::cut("aü", 2), "a");

    let tag = |index| (format!("tag_{index}"), "value".to_owned());
    sender.tags.extend((0..100).map(tag));
    assert_eq!(series_labels(&sender).len(), 27);
}
