//! From pprof's bytes to the profile as we see it.

use std::collections::HashMap;
use std::fmt;

use prost::Message;

use super::proto;
use crate::profile::{Function, Label, LabelValue, Line, Location, Mapping, Profile, Sample};
use crate::sample_type::{self, SampleType};

/// Why bytes are not a profile of ours; one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// They are not protobuf, or end too early.
    Malformed(String),
    /// A profile, but of something else: these value types are missing.
    Foreign(Vec<String>),
    /// Something in it refers to what is not there.
    Dangling(String),
    /// A row cannot be: this is why.
    Row(String),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(why) => write!(f, "not a whole pprof profile: {why}"),
            Self::Foreign(missing) => {
                write!(f, "not a lock profile: it has no {}", missing.join(", "))
            }
            Self::Dangling(what) => write!(f, "inconsistent profile: {what}"),
            Self::Row(why) => write!(f, "unusable row: {why}"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Columns that the first profiles did not have; a value of 0 then means unknown.
const OPTIONAL: [SampleType; 3] = [
    SampleType::Samples,
    SampleType::SyncWaits,
    SampleType::SyncWait,
];

/// Reads a profile that is not compressed.
///
/// Fields may come in any order, identifiers may be any numbers, and further value
/// columns are ignored, so profiles that other tools have merged are read too.
///
/// # Errors
///
/// See [`DecodeError`].
pub fn decode(bytes: &[u8]) -> Result<Profile, DecodeError> {
    let message =
        proto::Profile::decode(bytes).map_err(|error| DecodeError::Malformed(error.to_string()))?;
    let strings = Strings(&message.string_table);
    let columns = columns(&message, &strings)?;
    let mapping_ids = ids("mapping", message.mapping.iter().map(|m| m.id))?;
    let function_ids = ids("function", message.function.iter().map(|f| f.id))?;
    let location_ids = ids("location", message.location.iter().map(|l| l.id))?;
    Ok(Profile {
        start_unix_ns: message.time_nanos,
        duration_ns: message.duration_nanos,
        mappings: collect(&message.mapping, |m| mapping_of(m, &strings))?,
        functions: collect(&message.function, |f| function_of(f, &strings))?,
        locations: collect(&message.location, |location| {
            location_of(location, &mapping_ids, &function_ids)
        })?,
        samples: collect(&message.sample, |sample| {
            sample_of(sample, &columns, &location_ids, &strings)
        })?,
        comments: collect(&message.comment, |comment| strings.owned(*comment))?,
    })
}

/// Converts every entry, up to the first that fails.
fn collect<A, B>(
    entries: &[A],
    convert: impl FnMut(&A) -> Result<B, DecodeError>,
) -> Result<Vec<B>, DecodeError> {
    entries.iter().map(convert).collect()
}

/// Where our value columns stand among those of a profile.
struct Columns {
    places: [Option<usize>; sample_type::COUNT],
    width: usize,
}

fn columns(message: &proto::Profile, strings: &Strings<'_>) -> Result<Columns, DecodeError> {
    let mut present = Vec::with_capacity(message.sample_type.len());
    for value_type in &message.sample_type {
        present.push((
            strings.get(value_type.r#type)?,
            strings.get(value_type.unit)?,
        ));
    }
    let mut places = [None; sample_type::COUNT];
    let mut missing = Vec::new();
    for (place, (column, name, unit)) in places.iter_mut().zip(sample_type::ALL) {
        *place = present.iter().position(|found| *found == (name, unit));
        if place.is_none() && !OPTIONAL.contains(&column) {
            missing.push(format!("{name}/{unit}"));
        }
    }
    if missing.is_empty() {
        Ok(Columns {
            places,
            width: present.len(),
        })
    } else {
        Err(DecodeError::Foreign(missing))
    }
}

/// From the identifiers of a table to the places in it.
type Ids = HashMap<u64, usize>;

fn ids(table: &str, all: impl Iterator<Item = u64>) -> Result<Ids, DecodeError> {
    let mut ids = Ids::new();
    for (index, id) in all.enumerate() {
        if id == 0 || ids.insert(id, index).is_some() {
            return Err(DecodeError::Dangling(format!(
                "the {table} id {id} is not one entry's own"
            )));
        }
    }
    Ok(ids)
}

fn find(ids: &Ids, table: &str, id: u64) -> Result<usize, DecodeError> {
    ids.get(&id)
        .copied()
        .ok_or_else(|| DecodeError::Dangling(format!("there is no {table} {id}")))
}

fn mapping_of(mapping: &proto::Mapping, strings: &Strings<'_>) -> Result<Mapping, DecodeError> {
    Ok(Mapping {
        start: mapping.memory_start,
        limit: mapping.memory_limit,
        file_offset: mapping.file_offset,
        file: strings.owned(mapping.filename)?,
        build_id: strings.owned(mapping.build_id)?,
        has_functions: mapping.has_functions,
        has_filenames: mapping.has_filenames,
        has_line_numbers: mapping.has_line_numbers,
        has_inline_frames: mapping.has_inline_frames,
    })
}

fn function_of(function: &proto::Function, strings: &Strings<'_>) -> Result<Function, DecodeError> {
    Ok(Function {
        name: strings.owned(function.name)?,
        system_name: strings.owned(function.system_name)?,
        file: strings.owned(function.filename)?,
        start_line: function.start_line,
    })
}

fn location_of(
    location: &proto::Location,
    mappings: &Ids,
    functions: &Ids,
) -> Result<Location, DecodeError> {
    let mapping = match location.mapping_id {
        0 => None,
        id => Some(find(mappings, "mapping", id)?),
    };
    Ok(Location {
        address: location.address,
        mapping,
        lines: collect(&location.line, |line| {
            Ok(Line {
                function: find(functions, "function", line.function_id)?,
                line: line.line,
            })
        })?,
    })
}

fn sample_of(
    sample: &proto::Sample,
    columns: &Columns,
    locations: &Ids,
    strings: &Strings<'_>,
) -> Result<Sample, DecodeError> {
    if sample.value.len() != columns.width {
        return Err(DecodeError::Row(format!(
            "{} values for {} columns",
            sample.value.len(),
            columns.width
        )));
    }
    let values = columns
        .places
        .map(|place| place.and_then(|place| sample.value.get(place).copied()))
        .map(|value| value.unwrap_or(0));
    if let Some(value) = values.iter().find(|value| **value < 0) {
        return Err(DecodeError::Row(format!(
            "the negative value {value} (a difference of profiles?)"
        )));
    }
    Ok(Sample {
        stack: collect(&sample.location_id, |id| find(locations, "location", *id))?,
        values,
        labels: collect(&sample.label, |label| label_of(label, strings))?,
    })
}

fn label_of(label: &proto::Label, strings: &Strings<'_>) -> Result<Label, DecodeError> {
    let value = if label.str == 0 {
        LabelValue::Number(label.num, strings.owned(label.num_unit)?)
    } else {
        LabelValue::Text(strings.owned(label.str)?)
    };
    Ok(Label {
        key: strings.owned(label.key)?,
        value,
    })
}

/// The string table of a profile.
struct Strings<'a>(&'a [String]);

impl<'a> Strings<'a> {
    fn get(&self, index: i64) -> Result<&'a str, DecodeError> {
        match usize::try_from(index).ok().and_then(|i| self.0.get(i)) {
            Some(text) => Ok(text),
            // A profile without any text may leave out the table.
            None if index == 0 => Ok(""),
            None => Err(DecodeError::Dangling(format!("there is no text {index}"))),
        }
    }

    fn owned(&self, index: i64) -> Result<String, DecodeError> {
        self.get(index).map(str::to_owned)
    }
}
