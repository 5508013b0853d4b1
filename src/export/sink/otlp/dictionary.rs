//! What the samples of a request refer to: tables without duplicates, each with the zero value in front.

use std::borrow::Cow;

use contract::profile::{Location, Mapping, Profile};
use prost::Message;
use prost::encoding::message;
use rustc_hash::FxHashMap;

use super::proto::{self, Value, field};

/// The tables of one request, as bytes from the beginning: nothing but the keys of
/// what is in them is in memory twice.
pub(super) struct Dictionary<'a> {
    profile: &'a Profile,
    has_names: &'a [bool],
    bytes: Vec<u8>,
    strings: FxHashMap<Cow<'a, str>, i32>,
    functions: FxHashMap<proto::Function, i32>,
    mappings: FxHashMap<usize, i32>,
    locations: FxHashMap<usize, i32>,
    stacks: FxHashMap<u32, i32>,
    /// Those with a text or a truth.
    attributes: FxHashMap<(i32, Simple<'a>), i32>,
    attributes_len: usize,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Simple<'a> {
    Text(Cow<'a, str>),
    Truth(bool),
}

/// Of each mapping whether any place in it has a name. Pyroscope takes a mapping as
/// named only if all its places are, so the others then get a name made of file and
/// offset; where none has, it asks for the symbols by build id.
pub(super) fn mappings_with_names(profile: &Profile) -> Vec<bool> {
    let mut has_names = vec![false; profile.mappings.len()];
    for location in profile.locations.iter().filter(|at| !at.lines.is_empty()) {
        if let Some(has) = location.mapping.and_then(|index| has_names.get_mut(index)) {
            *has = true;
        }
    }
    has_names
}

impl<'a> Dictionary<'a> {
    /// Tables for things of `profile`, whose mappings have names or not.
    pub(super) fn new(profile: &'a Profile, has_names: &'a [bool]) -> Self {
        let mut new = Self {
            profile,
            has_names,
            bytes: Vec::new(),
            strings: FxHashMap::default(),
            functions: FxHashMap::default(),
            mappings: FxHashMap::default(),
            locations: FxHashMap::default(),
            stacks: FxHashMap::default(),
            attributes: FxHashMap::default(),
            attributes_len: 1,
        };
        new.put(field::MAPPINGS, &proto::Mapping::default());
        new.put(field::LOCATIONS, &proto::Location::default());
        new.put(field::FUNCTIONS, &proto::Function::default());
        new.put(field::LINKS, &proto::Link::default());
        new.put(field::ATTRIBUTES, &proto::KeyValueAndUnit::default());
        new.put(field::STACKS, &proto::Stack::default());
        new.string("");
        new
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn string(&mut self, text: impl Into<Cow<'a, str>>) -> i32 {
        let text = text.into();
        if let Some(&known) = self.strings.get(&text) {
            return known;
        }
        let index = as_index(self.strings.len());
        prost::encoding::string::encode(field::STRINGS, &text.as_ref().to_owned(), &mut self.bytes);
        self.strings.insert(text, index);
        index
    }

    /// The stack that is known by a number.
    pub(super) fn stack(&mut self, number: u32, frames: &[u32]) -> i32 {
        if frames.is_empty() {
            return 0;
        }
        if let Some(&known) = self.stacks.get(&number) {
            return known;
        }
        let location_indices = frames
            .iter()
            .filter_map(|&place| self.location(usize::try_from(place).ok()?))
            .collect();
        self.put(field::STACKS, &proto::Stack { location_indices });
        let index = as_index(self.stacks.len() + 1);
        self.stacks.insert(number, index);
        index
    }

    pub(super) fn text_attribute(
        &mut self,
        key: &'static str,
        text: impl Into<Cow<'a, str>>,
    ) -> i32 {
        self.simple_attribute(key, Simple::Text(text.into()))
    }

    /// A list of texts; called once per key, since it does not look whether it has it.
    pub(super) fn list_attribute(&mut self, key: &'static str, texts: &[String]) -> i32 {
        let values = texts
            .iter()
            .map(|text| Value::Text(text.clone()).into())
            .collect();
        let key = self.string(key);
        self.attribute(key, Value::List(proto::ArrayValue { values }))
    }

    fn simple_attribute(&mut self, key: &'static str, value: Simple<'a>) -> i32 {
        let key = self.string(key);
        let pair = (key, value);
        if let Some(&known) = self.attributes.get(&pair) {
            return known;
        }
        let value = match &pair.1 {
            Simple::Text(text) => Value::Text(text.clone().into_owned()),
            Simple::Truth(truth) => Value::Truth(*truth),
        };
        let index = self.attribute(key, value);
        self.attributes.insert(pair, index);
        index
    }

    fn attribute(&mut self, key_strindex: i32, value: Value) -> i32 {
        let attribute = proto::KeyValueAndUnit {
            key_strindex,
            value: Some(value.into()),
        };
        self.put(field::ATTRIBUTES, &attribute);
        let index = as_index(self.attributes_len);
        self.attributes_len += 1;
        index
    }

    fn location(&mut self, place: usize) -> Option<i32> {
        if let Some(&known) = self.locations.get(&place) {
            return Some(known);
        }
        let location = self.profile.locations.get(place)?;
        let mapping = location
            .mapping
            .and_then(|index| Some((index, self.profile.mappings.get(index)?)));
        let has_names = mapping.is_none_or(|(index, _)| self.has_names.get(index) == Some(&true));
        let lines = if location.lines.is_empty() && has_names {
            vec![proto::Line {
                function_index: self.function_of_place(location, mapping.map(|(_, of)| of)),
                line: 0,
            }]
        } else {
            self.lines(location)
        };
        let message = proto::Location {
            mapping_index: mapping.map_or(0, |(index, of)| self.mapping(index, of)),
            address: location.address,
            lines,
            attribute_indices: vec![self.text_attribute("profile.frame.type", "native")],
        };
        self.put(field::LOCATIONS, &message);
        let index = as_index(self.locations.len() + 1);
        self.locations.insert(place, index);
        Some(index)
    }

    fn lines(&mut self, location: &Location) -> Vec<proto::Line> {
        let profile = self.profile;
        let mut lines = Vec::with_capacity(location.lines.len());
        for line in &location.lines {
            if let Some(function) = profile.functions.get(line.function) {
                let function = proto::Function {
                    name_strindex: self.string(function.name.as_str()),
                    system_name_strindex: self.string(function.system_name.as_str()),
                    filename_strindex: self.string(function.file.as_str()),
                    start_line: function.start_line,
                };
                lines.push(proto::Line {
                    function_index: self.function(function),
                    line: line.line,
                });
            }
        }
        lines
    }

    /// What stands for a function that has no name.
    fn function_of_place(&mut self, location: &Location, mapping: Option<&Mapping>) -> i32 {
        let name = match mapping {
            Some(mapping) => {
                let file = mapping.file.rsplit('/').next().unwrap_or_default();
                let offset = location.address.wrapping_sub(mapping.start);
                format!("{file}+{:#x}", offset.wrapping_add(mapping.file_offset))
            }
            None => format!("{:#x}", location.address),
        };
        let name_strindex = self.string(name);
        self.function(proto::Function {
            name_strindex,
            system_name_strindex: name_strindex,
            ..proto::Function::default()
        })
    }

    fn function(&mut self, function: proto::Function) -> i32 {
        if let Some(&known) = self.functions.get(&function) {
            return known;
        }
        self.put(field::FUNCTIONS, &function);
        let index = as_index(self.functions.len() + 1);
        self.functions.insert(function, index);
        index
    }

    fn mapping(&mut self, number: usize, mapping: &'a Mapping) -> i32 {
        if let Some(&known) = self.mappings.get(&number) {
            return known;
        }
        let mut attribute_indices = Vec::new();
        if !mapping.build_id.is_empty() {
            let id = mapping.build_id.as_str();
            attribute_indices.push(self.text_attribute("process.executable.build_id.gnu", id));
        }
        let has_names = self.has_names.get(number) == Some(&true);
        for (key, has) in [
            ("pprof.mapping.has_functions", has_names),
            ("pprof.mapping.has_filenames", mapping.has_filenames),
            ("pprof.mapping.has_line_numbers", mapping.has_line_numbers),
            ("pprof.mapping.has_inline_frames", mapping.has_inline_frames),
        ] {
            if has {
                attribute_indices.push(self.simple_attribute(key, Simple::Truth(true)));
            }
        }
        let message = proto::Mapping {
            memory_start: mapping.start,
            memory_limit: mapping.limit,
            file_offset: mapping.file_offset,
            filename_strindex: self.string(mapping.file.as_str()),
            attribute_indices,
        };
        self.put(field::MAPPINGS, &message);
        let index = as_index(self.mappings.len() + 1);
        self.mappings.insert(number, index);
        index
    }

    fn put(&mut self, table: u32, entry: &impl Message) {
        message::encode(table, entry, &mut self.bytes);
    }
}

/// A request is split long before a table is that long.
fn as_index(place: usize) -> i32 {
    i32::try_from(place).unwrap_or(0)
}
