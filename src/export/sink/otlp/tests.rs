//! Requests of OTLP, read back by messages that have all their fields.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::io::Read as _;

use contract::profile::{Function, Label, LabelValue, Line, Location, Mapping};
use contract::sample_type::{COUNT, label};
use flate2::read::GzDecoder;
use prost::Message as _;

use super::*;
use crate::export::sink::prominent::OTHERS;

#[derive(Clone, PartialEq, prost::Message)]
struct Whole {
    #[prost(message, repeated, tag = "1")]
    resources: Vec<Resources>,
    #[prost(message, optional, tag = "2")]
    dictionary: Option<Tables>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Resources {
    #[prost(message, optional, tag = "1")]
    resource: Option<proto::Resource>,
    #[prost(message, repeated, tag = "2")]
    scopes: Vec<Scopes>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Scopes {
    #[prost(message, repeated, tag = "2")]
    profiles: Vec<Samples>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Samples {
    #[prost(message, optional, tag = "1")]
    sample_type: Option<proto::ValueType>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<proto::Sample>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Tables {
    #[prost(message, repeated, tag = "1")]
    mappings: Vec<proto::Mapping>,
    #[prost(message, repeated, tag = "2")]
    locations: Vec<proto::Location>,
    #[prost(message, repeated, tag = "3")]
    functions: Vec<proto::Function>,
    #[prost(string, repeated, tag = "5")]
    strings: Vec<String>,
    #[prost(message, repeated, tag = "6")]
    attributes: Vec<proto::KeyValueAndUnit>,
    #[prost(message, repeated, tag = "7")]
    stacks: Vec<proto::Stack>,
}

impl Whole {
    fn read(request: &Request) -> Self {
        let mut plain = Vec::new();
        GzDecoder::new(request.body.as_slice())
            .read_to_end(&mut plain)
            .unwrap();
        assert!(plain.len() < 4 << 20, "{} bytes", plain.len());
        Self::decode(plain.as_slice()).unwrap()
    }

    fn tables(&self) -> &Tables {
        self.dictionary.as_ref().unwrap()
    }

    fn profiles(&self) -> impl Iterator<Item = &Samples> {
        self.resources[0].scopes.iter().flat_map(|of| &of.profiles)
    }

    /// What profiles of this type say, as (innermost function, lock, value).
    fn values(&self, name: &str) -> Vec<(&str, &str, i64)> {
        let tables = self.tables();
        let string = |index: i32| tables.strings[usize::try_from(index).unwrap()].as_str();
        let is_it = |of: &&Samples| string(of.sample_type.unwrap().type_strindex) == name;
        let mut all = Vec::new();
        for sample in self.profiles().filter(is_it).flat_map(|of| &of.samples) {
            let at = |index: i32| usize::try_from(index).unwrap();
            let stack = &tables.stacks[at(sample.stack_index)];
            let leaf = &tables.locations[at(stack.location_indices[0])];
            let function = leaf.lines.first();
            let function = function.map_or("", |line| {
                string(tables.functions[at(line.function_index)].name_strindex)
            });
            let lock = &tables.attributes[at(sample.attribute_indices[0])];
            assert_eq!(string(lock.key_strindex), "lock.name");
            let Some(Value::Text(lock)) = &lock.value.as_ref().unwrap().value else {
                unreachable!("a lock's name is a text");
            };
            all.push((function, lock.as_str(), sample.values[0]));
        }
        all
    }
}

/// So many places in one file, the even ones with a name of this length.
fn tables(places: usize, name_len: usize) -> Profile {
    let named = |at: usize| at.is_multiple_of(2);
    Profile {
        start_unix_ns: 1_000,
        duration_ns: 500,
        mappings: vec![Mapping {
            start: 0x1000,
            limit: 0x100_0000,
            file: "/bin/bank".to_owned(),
            ..Mapping::default()
        }],
        functions: (0..places)
            .map(|at| Function {
                name: format!("f{at:_<name_len$}"),
                ..Function::default()
            })
            .collect(),
        locations: (0..places)
            .map(|at| Location {
                address: 0x1000 + at as u64,
                mapping: Some(0),
                lines: named(at)
                    .then_some(Line {
                        function: at,
                        line: 0,
                    })
                    .into_iter()
                    .collect(),
            })
            .collect(),
        ..Profile::default()
    }
}

fn sample(stack: &[usize], lock: &str, thread: &str, values: [i64; COUNT]) -> Sample {
    let text = |key: &str, value: &str| Label {
        key: key.to_owned(),
        value: LabelValue::Text(value.to_owned()),
    };
    Sample {
        stack: stack.to_vec(),
        values,
        labels: vec![
            text(label::LOCK_NAME, lock),
            text(label::THREAD_NAME, thread),
        ],
    }
}

fn format() -> OtlpFormat {
    OtlpFormat::new(&Sender {
        service: "shop".to_owned(),
        version: Some("7".to_owned()),
        tags: vec![
            ("team".to_owned(), "perf".to_owned()),
            ("host.name".to_owned(), "not this".to_owned()),
        ],
        host: "box".to_owned(),
        ..Sender::default()
    })
}

#[test]
fn rows_of_one_place_and_lock_are_one_sample() {
    let (tables, mut format) = (tables(4, 1), format());
    format.add(
        &sample(&[0, 2], "l", "one", [1, 10, 0, 0, 1, 0, 1, 0, 0]),
        &tables,
    );
    format.add(
        &sample(&[0, 2], "l", "two", [2, 20, 0, 0, 1, 0, 1, 0, 0]),
        &tables,
    );
    format.add(
        &sample(&[0, 2], "m", "two", [5, 0, 0, 0, 0, 0, 1, 0, 0]),
        &tables,
    );
    format.add(
        &sample(&[2], "l", "two", [0, 0, 3, 33, 0, 30, 1, 0, 0]),
        &tables,
    );
    let requests = format.finish(&tables);
    assert_eq!(requests.len(), 1);
    let whole = Whole::read(&requests[0]);
    assert_eq!(whole.values("contentions"), [("f0", "l", 2)]);
    assert_eq!(
        whole.values("acquisitions"),
        [("f0", "l", 3), ("f0", "m", 5)]
    );
    assert_eq!(whole.values("hold"), [("f2", "l", 33)]);
    // Of those who waited, and of those who were waited for.
    assert_eq!(whole.values("delay"), [("f0", "l", 30), ("f2", "l", 30)]);
    assert_eq!(whole.resources[0].scopes.len(), 2);
    assert!(format.finish(&tables).is_empty(), "told twice");
}

#[test]
fn places_without_a_name_get_one_where_others_have_one() {
    let (mut tables, mut format) = (tables(2, 1), format());
    let row = sample(&[1, 0], "l", "one", [1; COUNT]);
    format.add(&row, &tables);
    let whole = Whole::read(&format.finish(&tables)[0]);
    assert_eq!(whole.values("acquisitions"), [("bank+0x1", "l", 1)]);
    tables.locations[0].lines.clear();
    format.add(&row, &tables);
    let whole = Whole::read(&format.finish(&tables)[0]);
    assert!(
        whole
            .tables()
            .locations
            .iter()
            .all(|at| at.lines.is_empty())
    );
    assert_eq!(whole.tables().functions.len(), 1);
}

#[test]
fn what_is_large_is_split_and_adds_up() {
    // By size; by number of samples.
    for (places, name_len, rows) in [(2000, 4000, 2000), (200, 1, 39_000)] {
        let (tables, mut format) = (tables(places, name_len), format());
        for row in 0..rows {
            let stack = [row % places, row / places % places];
            format.add(
                &sample(&stack, "l", "one", [1, 2, 0, 0, 1, 0, 1, 0, 0]),
                &tables,
            );
        }
        let requests = format.finish(&tables);
        assert!(requests.len() > 1, "{} requests", requests.len());
        let mut sum = 0;
        for whole in requests.iter().map(Whole::read) {
            assert!(whole.profiles().all(|of| of.samples.len() <= 16_000));
            sum += whole.values("delay").iter().map(|of| of.2).sum::<i64>();
        }
        assert_eq!(sum, 2 * i64::try_from(rows).unwrap());
    }
}

#[test]
fn locks_beyond_the_bound_are_told_together() {
    let (tables, mut format) = (tables(2, 1), format());
    for lock in 0..1000 {
        let name = format!("lock {lock:03}");
        format.add(
            &sample(&[0], &name, "one", [1, lock, 0, 0, 1, 0, 1, 0, 0]),
            &tables,
        );
    }
    let requests = format.finish(&tables);
    let whole = Whole::read(&requests[0]);
    let delays = whole.values("delay");
    assert_eq!(delays.len(), LOCKS_MAX / 2 + 1);
    let of = |lock: &str| delays.iter().find(|row| row.1 == lock).map(|row| row.2);
    assert_eq!(of("lock 999"), Some(999));
    assert_eq!(of("lock 899"), None);
    assert_eq!(of(OTHERS), Some((0..900).sum()));
}

#[test]
fn the_resource_says_each_thing_once() {
    let format = format();
    let value = |key: &str| {
        let mut found = format.resource.iter().filter(|of| of.key == key);
        let value = found
            .next()
            .map(|of| of.value.clone().unwrap().value.unwrap());
        assert!(found.next().is_none(), "{key} twice");
        value
    };
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    assert_eq!(value("service.name"), text("shop"));
    assert_eq!(value("service.version"), text("7"));
    assert_eq!(value("host.name"), text("box"));
    assert_eq!(value("team"), text("perf"));
    assert_eq!(value("deployment.environment.name"), None);
}
