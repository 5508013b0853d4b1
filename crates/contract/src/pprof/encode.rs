//! From the profile as we see it to pprof's bytes.

use std::collections::HashMap;
use std::io::{self, Write};

use prost::Message;

use super::proto;
use crate::profile::{Function, Label, LabelValue, Location, Mapping, Profile, Sample};
use crate::{sample_type, wrapper};

/// A profile as pprof reads it, not compressed.
///
/// Identifiers are 1, 2, 3 … in the order of the tables. Rows without any value are
/// left out, and so are labels with an empty text, which pprof cannot tell from
/// the number 0. A negative value counts as 0. A reference outside its table is
/// left out rather than written, because readers refuse the whole file for one.
#[must_use]
pub fn encode(profile: &Profile) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    for sample in &profile.samples {
        // Writing to memory cannot fail.
        let _ = encoder.add(sample, profile.locations.len());
    }
    encoder.finish(profile).unwrap_or_default()
}

/// Times alone, encoded: to be written behind a profile that was encoded before it
/// was known when it began.
#[must_use]
pub fn encode_times(start_unix_ns: i64, duration_ns: i64) -> Vec<u8> {
    let part = proto::Profile {
        time_nanos: start_unix_ns,
        duration_nanos: duration_ns,
        ..proto::Profile::default()
    };
    part.encode_to_vec()
}

/// What the values of a profile mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schema {
    /// Names and units of the value columns, in order.
    pub sample_types: &'static [(&'static str, &'static str)],
    /// The column a viewer opens with.
    pub default: &'static str,
    /// Name, unit and number of what one event stands for.
    pub period: (&'static str, &'static str, i64),
}

/// Our own: that of the local file.
const OWN: Schema = Schema {
    sample_types: &OWN_TYPES,
    default: sample_type::ALL[sample_type::DEFAULT.index()].1,
    period: sample_type::PERIOD,
};

const OWN_TYPES: [(&str, &str); sample_type::COUNT] = {
    let mut types = [("", ""); sample_type::COUNT];
    let mut index = 0;
    while index < types.len() {
        let (_, name, unit) = sample_type::ALL[index];
        types[index] = (name, unit);
        index += 1;
    }
    types
};

/// As [`encode`], row by row, so that not all rows have to be in memory at once.
///
/// What it writes is several messages one behind the other, each with a part of
/// the profile; read as one, they are merged (the encoding of protobuf says so).
pub struct Encoder<W> {
    out: W,
    schema: Schema,
    strings: Strings,
    rows_len: usize,
}

impl<W: Write> Encoder<W> {
    /// Writes to `out`, in our own schema.
    pub fn new(out: W) -> Self {
        Self::with_schema(out, OWN)
    }

    /// Writes to `out`.
    pub fn with_schema(out: W, schema: Schema) -> Self {
        Self {
            out,
            schema,
            strings: Strings::new(),
            rows_len: 0,
        }
    }

    /// How many bytes the rows so far take, their texts included.
    pub fn rows_len(&self) -> usize {
        self.rows_len + self.strings.len
    }

    /// Writes a row of our own schema, whose stack refers to a table of so many locations.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn add(&mut self, sample: &Sample, locations_len: usize) -> io::Result<()> {
        self.add_values(&sample.stack, &sample.values, &sample.labels, locations_len)
    }

    /// Writes a row: one value for each column of the schema; missing ones are 0.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn add_values(
        &mut self,
        stack: &[usize],
        values: &[i64],
        labels: &[Label],
        locations_len: usize,
    ) -> io::Result<()> {
        if values.iter().all(|value| *value <= 0) {
            return Ok(());
        }
        let given = values.iter().map(|value| (*value).max(0));
        let columns = self.schema.sample_types.len();
        let strings = &mut self.strings;
        let sample = proto::Sample {
            location_id: stack
                .iter()
                .filter_map(|index| id_of(*index, locations_len))
                .collect(),
            value: given.chain(std::iter::repeat(0)).take(columns).collect(),
            label: labels
                .iter()
                .filter_map(|label| label_of(label, strings))
                .collect(),
        };
        let part = proto::Profile {
            sample: vec![sample],
            ..proto::Profile::default()
        };
        let bytes = part.encode_to_vec();
        self.rows_len += bytes.len();
        self.out.write_all(&bytes)
    }

    /// Writes everything but the rows of a profile, and hands `out` back.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish(self, profile: &Profile) -> io::Result<W> {
        let Self {
            mut out,
            schema,
            mut strings,
            rows_len: _,
        } = self;
        let part = proto::Profile {
            sample: Vec::new(),
            sample_type: schema
                .sample_types
                .iter()
                .map(|(name, unit)| strings.value_type(name, unit))
                .collect(),
            mapping: (1..)
                .zip(&profile.mappings)
                .map(|(id, mapping)| mapping_of(id, mapping, &mut strings))
                .collect(),
            location: (1..)
                .zip(&profile.locations)
                .map(|(id, location)| location_of(id, location, profile))
                .collect(),
            function: (1..)
                .zip(&profile.functions)
                .map(|(id, function)| function_of(id, function, &mut strings))
                .collect(),
            drop_frames: strings.index(&wrapper::drop_frames()),
            time_nanos: profile.start_unix_ns,
            duration_nanos: profile.duration_ns,
            period_type: Some(strings.value_type(schema.period.0, schema.period.1)),
            period: schema.period.2,
            comment: strings.indices(&profile.comments),
            default_sample_type: strings.index(schema.default),
            keep_frames: 0,
            doc_url: 0,
            string_table: strings.table,
        };
        out.write_all(&part.encode_to_vec())?;
        Ok(out)
    }
}

fn label_of(label: &Label, strings: &mut Strings) -> Option<proto::Label> {
    let mut message = proto::Label::default();
    match &label.value {
        LabelValue::Text(text) if text.is_empty() => return None,
        LabelValue::Text(text) => message.str = strings.index(text),
        LabelValue::Number(number, unit) => {
            message.num = *number;
            message.num_unit = strings.index(unit);
        }
    }
    message.key = strings.index(&label.key);
    Some(message)
}

fn mapping_of(id: u64, mapping: &Mapping, strings: &mut Strings) -> proto::Mapping {
    proto::Mapping {
        id,
        memory_start: mapping.start,
        memory_limit: mapping.limit,
        file_offset: mapping.file_offset,
        filename: strings.index(&mapping.file),
        build_id: strings.index(&mapping.build_id),
        has_functions: mapping.has_functions,
        has_filenames: mapping.has_filenames,
        has_line_numbers: mapping.has_line_numbers,
        has_inline_frames: mapping.has_inline_frames,
    }
}

fn location_of(id: u64, location: &Location, profile: &Profile) -> proto::Location {
    proto::Location {
        id,
        mapping_id: location
            .mapping
            .and_then(|index| id_of(index, profile.mappings.len()))
            .unwrap_or(0),
        address: location.address,
        line: location
            .lines
            .iter()
            .filter_map(|line| {
                Some(proto::Line {
                    function_id: id_of(line.function, profile.functions.len())?,
                    line: line.line,
                    column: 0,
                })
            })
            .collect(),
        is_folded: false,
    }
}

fn function_of(id: u64, function: &Function, strings: &mut Strings) -> proto::Function {
    proto::Function {
        id,
        name: strings.index(&function.name),
        system_name: strings.index(&function.system_name),
        filename: strings.index(&function.file),
        start_line: function.start_line,
    }
}

/// The identifier of an entry of a table of this length; none outside of it.
fn id_of(index: usize, len: usize) -> Option<u64> {
    if index < len {
        u64::try_from(index).ok()?.checked_add(1)
    } else {
        None
    }
}

/// The string table: every text once, the empty one first.
struct Strings {
    table: Vec<String>,
    known: HashMap<String, i64>,
    /// Bytes of the table in the profile, or a few more.
    len: usize,
}

/// Bytes of a text in a profile beyond its own, at most: its field and its length.
const TEXT_HEAD_LEN: usize = 6;

impl Strings {
    fn new() -> Self {
        Self {
            table: vec![String::new()],
            known: HashMap::from([(String::new(), 0)]),
            len: TEXT_HEAD_LEN,
        }
    }

    fn index(&mut self, text: &str) -> i64 {
        if let Some(index) = self.known.get(text) {
            return *index;
        }
        let Ok(index) = i64::try_from(self.table.len()) else {
            return 0;
        };
        self.len += text.len() + TEXT_HEAD_LEN;
        self.table.push(text.to_owned());
        self.known.insert(text.to_owned(), index);
        index
    }

    fn indices(&mut self, texts: &[String]) -> Vec<i64> {
        texts.iter().map(|text| self.index(text)).collect()
    }

    fn value_type(&mut self, name: &str, unit: &str) -> proto::ValueType {
        proto::ValueType {
            r#type: self.index(name),
            unit: self.index(unit),
        }
    }
}
