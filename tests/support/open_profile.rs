//! Profiles as open stores take them in: decoded by the public field numbers, and refused for what those refuse.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::MultiGzDecoder;
use prost::Message;

/// One profile that a store accepted.
#[derive(Clone, Debug)]
pub(crate) struct OpenProfile {
    /// `__name__`.
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    /// Names and units, as `delay/nanoseconds`.
    pub(crate) types: Vec<String>,
    pub(crate) rows: Vec<OpenRow>,
    pub(crate) start_unix_ns: i64,
    pub(crate) duration_ns: i64,
    /// gzipped pprof.
    pub(crate) raw: Vec<u8>,
}

/// One of its rows.
#[derive(Clone, Debug)]
pub(crate) struct OpenRow {
    /// Functions, innermost first.
    pub(crate) stack: Vec<String>,
    pub(crate) values: Vec<i64>,
    pub(crate) lock: String,
}

impl OpenProfile {
    /// Takes in a profile, or fails where a store would refuse it.
    pub(crate) fn accept(labels: Vec<(String, String)>, raw: &[u8]) -> Self {
        let labels = accept_labels(labels);
        assert_eq!(raw[..2], [0x1f, 0x8b], "gzip");
        let mut plain = Vec::new();
        MultiGzDecoder::new(raw).read_to_end(&mut plain).unwrap();
        assert!(plain.len() <= 4 << 20, "a profile of {} bytes", plain.len());
        let pprof = Pprof::decode(plain.as_slice()).unwrap();
        pprof.expect_sound();
        let types = pprof.types.iter();
        Self {
            name: labels["__name__"].clone(),
            labels,
            types: types
                .map(|t| format!("{}/{}", pprof.text(t.first), pprof.text(t.second)))
                .collect(),
            rows: pprof.rows.iter().map(|row| pprof.row(row)).collect(),
            start_unix_ns: pprof.start_unix_ns,
            duration_ns: pprof.duration_ns,
            raw: raw.to_vec(),
        }
    }

    /// The sum of a column over the rows that `keep` wants.
    pub(crate) fn sum(&self, name: &str, keep: impl Fn(&OpenRow) -> bool) -> i64 {
        let column = self
            .types
            .iter()
            .position(|t| t.split('/').next() == Some(name));
        let column = column.unwrap_or_else(|| panic!("no {name} in {:?}", self.types));
        let rows = self.rows.iter().filter(|row| keep(row));
        rows.map(|row| row.values[column]).sum()
    }
}

/// The rules for labels of Prometheus, and the limits of a Pyroscope as it comes.
fn accept_labels(pairs: Vec<(String, String)>) -> BTreeMap<String, String> {
    // On top come the label of the rows and one of the store's own.
    assert!(pairs.len() <= 28, "{} labels", pairs.len());
    let count = pairs.len();
    for (name, value) in &pairs {
        let head = name.chars().next().unwrap();
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
        assert!(name.chars().all(fits) && !head.is_ascii_digit(), "{name}");
        assert!(name.len() <= 1024 && value.len() <= 2048, "{name}");
        assert!(!value.is_empty(), "{name} is empty");
        let is_own = name.starts_with("__");
        assert!(!is_own || name == "__name__", "{name} is reserved");
        assert_ne!(name, "lock_name", "hides the label of the rows");
    }
    let labels: BTreeMap<_, _> = pairs.into_iter().collect();
    assert_eq!(labels.len(), count, "a label twice");
    assert!(labels.contains_key("__name__") && labels.contains_key("service_name"));
    labels
}

/// Messages of pprof, as far as they matter here.
#[derive(Clone, PartialEq, Message)]
struct Pprof {
    #[prost(message, repeated, tag = "1")]
    types: Vec<Pair>,
    #[prost(message, repeated, tag = "2")]
    rows: Vec<Row>,
    #[prost(message, repeated, tag = "3")]
    mappings: Vec<Mapping>,
    #[prost(message, repeated, tag = "4")]
    locations: Vec<Location>,
    #[prost(message, repeated, tag = "5")]
    functions: Vec<Function>,
    #[prost(string, repeated, tag = "6")]
    texts: Vec<String>,
    #[prost(int64, tag = "9")]
    start_unix_ns: i64,
    #[prost(int64, tag = "10")]
    duration_ns: i64,
    #[prost(message, optional, tag = "11")]
    period_type: Option<Pair>,
    #[prost(int64, tag = "12")]
    period: i64,
    #[prost(int64, tag = "14")]
    default_type: i64,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Pair {
    #[prost(int64, tag = "1")]
    first: i64,
    #[prost(int64, tag = "2")]
    second: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Row {
    #[prost(uint64, repeated, tag = "1")]
    stack: Vec<u64>,
    #[prost(int64, repeated, tag = "2")]
    values: Vec<i64>,
    #[prost(message, repeated, tag = "3")]
    labels: Vec<Label>,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Label {
    #[prost(int64, tag = "1")]
    key: i64,
    #[prost(int64, tag = "2")]
    text: i64,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Mapping {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(uint64, tag = "2")]
    start: u64,
    #[prost(uint64, tag = "3")]
    limit: u64,
    #[prost(int64, tag = "5")]
    file: i64,
    #[prost(int64, tag = "6")]
    build_id: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Location {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(uint64, tag = "2")]
    mapping: u64,
    #[prost(uint64, tag = "3")]
    address: u64,
    #[prost(message, repeated, tag = "4")]
    lines: Vec<Line>,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Line {
    #[prost(uint64, tag = "1")]
    function: u64,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Function {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(int64, tag = "2")]
    name: i64,
}

impl Pprof {
    fn text(&self, index: i64) -> &str {
        &self.texts[usize::try_from(index).unwrap()]
    }

    fn expect_sound(&self) {
        assert_eq!(self.text(0), "");
        in_order("mapping", self.mappings.iter().map(|m| m.id));
        in_order("location", self.locations.iter().map(|l| l.id));
        in_order("function", self.functions.iter().map(|f| f.id));
        for location in &self.locations {
            assert!(location.mapping <= self.mappings.len() as u64);
            if location.mapping != 0 {
                let mapping = entry(&self.mappings, location.mapping);
                assert!((mapping.start..mapping.limit).contains(&location.address));
            }
        }
        let program = self.mappings.first().unwrap();
        assert!(self.text(program.file).starts_with('/'));
        let with_id = self.mappings.iter().filter(|m| m.build_id != 0).count();
        assert!(
            with_id > 0,
            "no build id of {} mappings",
            self.mappings.len()
        );
        let period = self.period_type.unwrap();
        assert_eq!(self.text(period.first), "contentions");
        assert_eq!((self.text(period.second), self.period), ("count", 1));
        assert_eq!(self.text(self.default_type), "delay");
        assert!(self.start_unix_ns > 1_700_000_000_000_000_000 && self.duration_ns > 0);
        assert!(self.rows.len() <= 16_000, "{} rows", self.rows.len());
        assert!(!self.rows.is_empty(), "an upload without rows");
    }

    fn row(&self, row: &Row) -> OpenRow {
        assert_eq!(row.values.len(), self.types.len(), "one value a type");
        assert!(row.values.iter().all(|v| *v >= 0), "{:?}", row.values);
        assert!(row.values.iter().any(|v| *v > 0), "an empty row");
        // Each distinct set of texts is a series of its own in the store.
        let [label] = row.labels[..] else {
            panic!("{} labels", row.labels.len());
        };
        assert_eq!(self.text(label.key), "lock_name");
        let lines = row
            .stack
            .iter()
            .flat_map(|id| &entry(&self.locations, *id).lines);
        OpenRow {
            stack: lines
                .map(|line| entry(&self.functions, line.function).name)
                .map(|name| self.text(name).to_owned())
                .collect(),
            values: row.values.clone(),
            lock: self.text(label.text).to_owned(),
        }
    }
}

fn in_order(what: &str, ids: impl Iterator<Item = u64>) {
    for (id, expected) in ids.zip(1..) {
        assert_eq!(id, expected, "ids of the {what} table");
    }
}

/// The entry with this id of a table that is in order.
fn entry<T>(table: &[T], id: u64) -> &T {
    &table[usize::try_from(id).unwrap() - 1]
}
