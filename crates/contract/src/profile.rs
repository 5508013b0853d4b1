//! The profile as both sides see it: tables that refer to each other by index.

use crate::sample_type;

/// One profile: what one process did with its locks during one span of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// Begin of the span, nanoseconds since 1970.
    pub start_unix_ns: i64,
    /// Length of the span.
    pub duration_ns: i64,
    /// Executable segments; the first belongs to the program itself.
    pub mappings: Vec<Mapping>,
    /// Named functions.
    pub functions: Vec<Function>,
    /// Places in code.
    pub locations: Vec<Location>,
    /// The rows.
    pub samples: Vec<Sample>,
    /// One-line remarks for people: version, options, losses.
    pub comments: Vec<String>,
}

/// One executable segment, as `/proc/self/maps` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// First address.
    pub start: u64,
    /// First address behind it.
    pub limit: u64,
    /// Where in the file it begins.
    pub file_offset: u64,
    /// Absolute path of the file.
    pub file: String,
    /// GNU build id in lower-case hexadecimal; empty when unknown.
    pub build_id: String,
    /// Whether functions were looked up already (pprof then leaves them alone).
    pub has_functions: bool,
    /// Whether functions carry file names.
    pub has_filenames: bool,
    /// Whether locations carry line numbers.
    pub has_line_numbers: bool,
    /// Whether inlined functions were expanded.
    pub has_inline_frames: bool,
}

/// One function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Function {
    /// Name for people: demangled, parameters dropped.
    pub name: String,
    /// Name for the linker.
    pub system_name: String,
    /// Source file, or empty.
    pub file: String,
    /// Line where it begins, or 0.
    pub start_line: i64,
}

/// One place in code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// Address of the call: the return address less one.
    pub address: u64,
    /// Index into [`Profile::mappings`]; none for code outside every file.
    pub mapping: Option<usize>,
    /// The functions at this address, innermost inlined one first.
    pub lines: Vec<Line>,
}

/// One function at a location.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Index into [`Profile::functions`].
    pub function: usize,
    /// Source line, or 0.
    pub line: i64,
}

/// One row: a stack, what happened there, and to which lock and thread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// Indices into [`Profile::locations`], innermost frame first.
    pub stack: Vec<usize>,
    /// One value per [`sample_type::ALL`] entry; never negative.
    pub values: [i64; sample_type::COUNT],
    /// What the row is about; each key at most once.
    pub labels: Vec<Label>,
}

/// One label of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// One of [`sample_type::label`].
    pub key: String,
    /// Its value.
    pub value: LabelValue,
}

/// The value of a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LabelValue {
    /// A text.
    Text(String),
    /// A number with its unit (which may be empty).
    Number(i64, String),
}

impl Sample {
    /// The text of a label, if it has that label and it is one.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.labels.iter().find_map(|label| match &label.value {
            LabelValue::Text(text) if label.key == key => Some(text.as_str()),
            _ => None,
        })
    }

    /// The number of a label, if it has that label and it is one.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<i64> {
        self.labels.iter().find_map(|label| match label.value {
            LabelValue::Number(number, _) if label.key == key => Some(number),
            _ => None,
        })
    }
}
