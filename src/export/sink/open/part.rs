//! Rows of one kind, as many as a store accepts in one profile.

use std::io::Write as _;

use contract::pprof::{Encoder, Schema, encode_times};
use contract::profile::{Label, LabelValue, Profile};
use flate2::Compression;
use flate2::write::GzEncoder;
use rustc_hash::FxHashMap;

use super::COLUMNS;
use super::lock_names::{Lock, LockNames};
use super::tables::{StandIns, Tables};

/// Rows that a store accepts in one profile: 16,000.
const ROWS_MAX: usize = 16_000;
/// A part is full at so many bytes, before compression. Stores accept 4 MiB, but until
/// it is full all of it is in our memory, in maps that take some times as much.
const BYTES_MAX: usize = 1 << 18;
/// Most bytes a row takes when encoded: without its stack, and for each frame.
const ROW_BYTES: usize = 64;
const FRAME_BYTES: usize = 4;

/// The key of the only label. Stores take over labels of rows as their own, whose
/// keys have no spaces: a profile with our `lock name` would be refused as a whole.
pub(super) const LOCK_NAME: &str = "lock_name";

/// Rows by lock and stack.
type Rows = FxHashMap<(Lock, Box<[u32]>), [i64; COLUMNS]>;

/// Rows, and what they refer to.
pub(super) struct Part {
    rows: Rows,
    rows_bytes: usize,
    tables: Tables,
}

impl Part {
    pub(super) fn new(stand_ins: StandIns) -> Self {
        Self {
            rows: Rows::default(),
            rows_bytes: 0,
            tables: Tables::new(stand_ins),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether the next row belongs into another one.
    pub(super) fn is_full(&self) -> bool {
        self.rows.len() >= ROWS_MAX || self.rows_bytes + self.tables.bytes() >= BYTES_MAX
    }

    /// Adds a row to one like it, or as a new one.
    pub(super) fn add(
        &mut self,
        lock: Lock,
        stack: &[usize],
        values: [i64; COLUMNS],
        tables: &Profile,
    ) {
        let stack: Box<[u32]> = stack
            .iter()
            .filter_map(|&location| self.tables.location(location, tables))
            .collect();
        let bytes = ROW_BYTES + FRAME_BYTES * stack.len();
        let sum = self.rows.entry((lock, stack)).or_insert_with(|| {
            self.rows_bytes += bytes;
            [0; COLUMNS]
        });
        merge(sum, values);
    }

    /// Encodes and compresses it.
    pub(super) fn pack(self, schema: Schema, locks: &LockNames, ending: &Ending<'_>) -> Vec<u8> {
        let mut encoder = Encoder::with_schema(gzip(), schema);
        let mut tables = self.tables.profile;
        tables.start_unix_ns = ending.start_unix_ns;
        tables.duration_ns = ending.duration_ns;
        tables.comments = ending.comments.to_vec();
        for ((lock, stack), values) in merge_unnamed(self.rows, locks) {
            let stack: Vec<usize> = stack
                .iter()
                .filter_map(|&location| usize::try_from(location).ok())
                .collect();
            let label = Label {
                key: LOCK_NAME.to_owned(),
                value: LabelValue::Text(locks.label(lock).to_owned()),
            };
            // Writing to memory cannot fail, here and below.
            let _ = encoder.add_values(&stack, &values, &[label], tables.locations.len());
        }
        let gzip = encoder.finish(&tables).and_then(GzEncoder::finish);
        gzip.unwrap_or_default()
    }

    /// The same before the ending is known.
    pub(super) fn pack_early(self, schema: Schema, locks: &LockNames) -> Packed {
        Packed(self.pack(schema, locks, &Ending::default()))
    }
}

/// What is known of a profile at its end only.
#[derive(Clone, Copy, Default)]
pub(super) struct Ending<'a> {
    pub(super) start_unix_ns: i64,
    pub(super) duration_ns: i64,
    /// Those of the last parts; earlier ones do without.
    pub(super) comments: &'a [String],
}

/// A compressed profile that does not say yet when it was made.
pub(super) struct Packed(Vec<u8>);

impl Packed {
    /// The whole profile. What is compressed stays so: behind it stands another gzip
    /// member, as readers of gzip expect, with the times alone.
    pub(super) fn end(self, ending: &Ending<'_>) -> Vec<u8> {
        let Self(mut bytes) = self;
        let mut times = gzip();
        let _ = times.write_all(&encode_times(ending.start_unix_ns, ending.duration_ns));
        bytes.extend(times.finish().unwrap_or_default());
        bytes
    }
}

/// Rows of locks that turned out to have no name are one for each stack.
fn merge_unnamed(rows: Rows, locks: &LockNames) -> Rows {
    let mut merged = Rows::default();
    for ((lock, stack), values) in rows {
        merge(
            merged.entry((locks.shown(lock), stack)).or_default(),
            values,
        );
    }
    merged
}

fn merge(sum: &mut [i64; COLUMNS], values: [i64; COLUMNS]) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum = sum.saturating_add(value);
    }
}

fn gzip() -> GzEncoder<Vec<u8>> {
    GzEncoder::new(Vec::new(), Compression::default())
}
