//! One request: samples as they come, and around them what they belong to.

use std::io::Write;

use contract::profile::Profile;
use contract::wrapper;
use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint, message};

use super::dictionary::Dictionary;
use super::proto::{self, KeyValue, Value, field};
use super::rows::{COLUMNS, Row, Rows};
use crate::export::sink::prominent::OTHERS;
use crate::sys;

/// Bytes, not compressed, from which on a request is full. Pyroscope takes 4 MiB; one
/// more row adds less than what is left to that, and half of it spares our memory.
const FULL_LEN: usize = 2 << 20;
/// Samples that Pyroscope takes in one profile.
const SAMPLES_MAX: usize = 16_000;

const COUNT: &str = "count";
const NANOSECONDS: &str = "nanoseconds";

/// What receivers call our columns, in their order, and the family of each, which
/// Pyroscope makes the name of the profile.
const TYPES: [(&str, &str, &str); COLUMNS.len()] = [
    (MUTEX, "contentions", COUNT),
    (MUTEX, DEFAULT, NANOSECONDS),
    (MUTEX, "acquisitions", COUNT),
    (MUTEX, "hold", NANOSECONDS),
    (HOLDER, DEFAULT, NANOSECONDS),
];
/// At the stacks of those who take and release; of those others wait for.
const MUTEX: &str = "mutex";
const HOLDER: &str = "mutex_holder";
const FAMILIES: [&str; 2] = [MUTEX, HOLDER];
/// The type a viewer opens with.
const DEFAULT: &str = "delay";

/// A request under construction.
pub(super) struct RequestBody<'a> {
    profile: &'a Profile,
    dictionary: Dictionary<'a>,
    /// By column, as they stand in a profile.
    samples: [Vec<u8>; COLUMNS.len()],
    rows_len: usize,
}

impl<'a> RequestBody<'a> {
    pub(super) fn new(profile: &'a Profile, has_names: &'a [bool]) -> Self {
        Self {
            profile,
            dictionary: Dictionary::new(profile, has_names),
            samples: Default::default(),
            rows_len: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows_len == 0
    }

    /// Whether it is time for another one.
    pub(super) fn is_full(&self) -> bool {
        let samples: usize = self.samples.iter().map(Vec::len).sum();
        self.rows_len >= SAMPLES_MAX || samples + self.dictionary.bytes().len() >= FULL_LEN
    }

    pub(super) fn add(&mut self, row: &Row, rows: &'a Rows) {
        let stack_index = self.dictionary.stack(row.stack, rows.stack(row.stack));
        let lock = row.lock.map_or(OTHERS, |lock| rows.lock(lock));
        let lock = self.dictionary.text_attribute("lock.name", lock);
        for (samples, value) in self.samples.iter_mut().zip(row.values) {
            if value != 0 {
                let sample = proto::Sample {
                    stack_index,
                    attribute_indices: vec![lock],
                    values: vec![value],
                };
                message::encode(field::PROFILE_SAMPLES, &sample, samples);
            }
        }
        self.rows_len += 1;
    }

    /// The request, compressed.
    pub(super) fn finish(mut self, resource: &[KeyValue]) -> std::io::Result<Vec<u8>> {
        let resource = proto::ResourceProfiles {
            resource: Some(proto::Resource {
                attributes: resource.to_vec(),
            }),
        };
        let mut resources = resource.encode_to_vec();
        let remarks = self.remarks();
        for family in FAMILIES {
            let profiles = self.profiles(family, &remarks);
            if !profiles.is_empty() {
                let mut scope = scope().encode_to_vec();
                scope.extend_from_slice(&profiles);
                put(field::RESOURCE_SCOPES, &scope, &mut resources);
            }
        }
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        for (tag, bytes) in [
            (field::REQUEST_RESOURCES, resources.as_slice()),
            (field::REQUEST_DICTIONARY, self.dictionary.bytes()),
        ] {
            let mut head = Vec::new();
            put_head(tag, bytes.len(), &mut head);
            gzip.write_all(&head)?;
            gzip.write_all(bytes)?;
        }
        gzip.finish()
    }

    /// The profiles of a family that have samples.
    fn profiles(&mut self, family: &'static str, remarks: &[i32]) -> Vec<u8> {
        let mut profiles = Vec::new();
        for (column, (of, name, unit)) in TYPES.into_iter().enumerate() {
            let samples = self.samples.get_mut(column).filter(|_| of == family);
            let samples = samples.map(std::mem::take).unwrap_or_default();
            if samples.is_empty() {
                continue;
            }
            let mut head = self.head(family, name, unit);
            head.attribute_indices = remarks.to_vec();
            let mut profile = head.encode_to_vec();
            profile.extend_from_slice(&samples);
            put(field::SCOPE_PROFILES, &profile, &mut profiles);
        }
        profiles
    }

    /// What else pprof knows of a profile.
    fn remarks(&mut self) -> Vec<i32> {
        let drop_frames = wrapper::drop_frames();
        let dictionary = &mut self.dictionary;
        vec![
            dictionary.list_attribute("pprof.profile.comment", &self.profile.comments),
            dictionary.text_attribute("pprof.profile.drop_frames", drop_frames),
        ]
    }

    /// All of a profile but its samples and remarks.
    fn head(
        &mut self,
        family: &'static str,
        name: &'static str,
        unit: &'static str,
    ) -> proto::Profile {
        let profile = self.profile;
        let dictionary = &mut self.dictionary;
        let mut value_type = |name, unit| proto::ValueType {
            type_strindex: dictionary.string(name),
            unit_strindex: dictionary.string(unit),
        };
        proto::Profile {
            sample_type: Some(value_type(name, unit)),
            time_unix_nano: u64::try_from(profile.start_unix_ns).unwrap_or(0),
            duration_nano: u64::try_from(profile.duration_ns).unwrap_or(0),
            // Values are scaled up already: every event stands for itself.
            period_type: Some(value_type(family, COUNT)),
            period: 1,
            profile_id: sys::random().to_be_bytes().to_vec(),
            attribute_indices: Vec::new(),
        }
    }
}

fn scope() -> proto::ScopeProfiles {
    let attribute = KeyValue::new(
        "pprof.scope.default_sample_type",
        Value::Text(DEFAULT.to_owned()),
    );
    proto::ScopeProfiles {
        scope: Some(proto::Scope {
            name: "liblockprof".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            attributes: vec![attribute],
        }),
    }
}

fn put(tag: u32, bytes: &[u8], to: &mut Vec<u8>) {
    put_head(tag, bytes.len(), to);
    to.extend_from_slice(bytes);
}

fn put_head(tag: u32, len: usize, to: &mut Vec<u8>) {
    encode_key(tag, WireType::LengthDelimited, to);
    encode_varint(len as u64, to);
}
