//! One request: samples as they come, and around them what they belong to.

use std::io::{self, Write};

use contract::profile::Profile;
use contract::wrapper;
use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len, message};

use super::dictionary::Dictionary;
use super::proto::{self, KeyValue, Value, field};
use super::rows::{COLUMNS, Row, Rows};
use crate::sys;

/// Bytes, not compressed, from which on a request is full: Pyroscope takes four times
/// as much, but several of it would be much of our memory.
const FULL_LEN: usize = 1 << 20;
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
        let lock = self.dictionary.text_attribute("lock.name", rows.lock(row));
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

    /// The request, compressed. Lengths stand in front of what they are the length of,
    /// so they are added up first; nothing is put together but by gzip.
    pub(super) fn finish(mut self, resource: &[KeyValue]) -> io::Result<Vec<u8>> {
        let resource = proto::ResourceProfiles {
            resource: Some(proto::Resource {
                attributes: resource.to_vec(),
            }),
        };
        let (resource, scope) = (resource.encode_to_vec(), scope().encode_to_vec());
        let families = self.families();
        let scope_len = |profiles: &[ProfileBytes]| {
            let all = profiles.iter().map(|of| field_len(of.len()));
            scope.len() + all.sum::<usize>()
        };
        let scopes = families.iter().map(|family| field_len(scope_len(family)));
        let mut to = GzEncoder::new(Vec::new(), Compression::default());
        let resource_len = resource.len() + scopes.sum::<usize>();
        put_head(field::REQUEST_RESOURCES, resource_len, &mut to)?;
        to.write_all(&resource)?;
        for family in &families {
            put_head(field::RESOURCE_SCOPES, scope_len(family), &mut to)?;
            to.write_all(&scope)?;
            for profile in family {
                put_head(field::SCOPE_PROFILES, profile.len(), &mut to)?;
                to.write_all(&profile.head)?;
                to.write_all(&profile.samples)?;
            }
        }
        let dictionary = self.dictionary.bytes();
        put_head(field::REQUEST_DICTIONARY, dictionary.len(), &mut to)?;
        to.write_all(dictionary)?;
        to.finish()
    }

    /// The profiles that have samples, by family.
    fn families(&mut self) -> Vec<Vec<ProfileBytes>> {
        let remarks = self.remarks();
        let samples = std::mem::take(&mut self.samples);
        let mut families: Vec<Vec<ProfileBytes>> = vec![Vec::new(); FAMILIES.len()];
        for (samples, (family, name, unit)) in samples.into_iter().zip(TYPES) {
            if samples.is_empty() {
                continue;
            }
            let mut head = self.head(family, name, unit);
            head.attribute_indices.clone_from(&remarks);
            let head = head.encode_to_vec();
            let place = FAMILIES.iter().position(|known| *known == family);
            if let Some(profiles) = place.and_then(|place| families.get_mut(place)) {
                profiles.push(ProfileBytes { head, samples });
            }
        }
        families.retain(|profiles| !profiles.is_empty());
        families
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

/// A profile in two parts.
#[derive(Clone)]
struct ProfileBytes {
    head: Vec<u8>,
    samples: Vec<u8>,
}

impl ProfileBytes {
    fn len(&self) -> usize {
        self.head.len() + self.samples.len()
    }
}

/// The length of a field with so many bytes in it; keys of such fields have one byte.
fn field_len(len: usize) -> usize {
    key_len(field::SCOPE_PROFILES) + encoded_len_varint(len as u64) + len
}

fn put_head(tag: u32, len: usize, to: &mut impl Write) -> io::Result<()> {
    let mut head = Vec::new();
    encode_key(tag, WireType::LengthDelimited, &mut head);
    encode_varint(len as u64, &mut head);
    to.write_all(&head)
}
