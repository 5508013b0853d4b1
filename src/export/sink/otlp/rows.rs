//! The rows of one flush, added up over threads, holders and durations: what OTLP is told of them.

use std::sync::Arc;

use contract::profile::Sample;
use contract::sample_type::{SampleType, label};
use rustc_hash::FxHashMap;

use crate::export::sink::prominent::{OTHERS, Prominent};

/// The columns a row has here.
pub(super) const COLUMNS: [SampleType; 5] = [
    SampleType::Contention,
    SampleType::AcquireWait,
    SampleType::Acquire,
    SampleType::ReleaseHold,
    SampleType::Blocked,
];
/// The place of the wait among them.
const WAIT: usize = 1;

pub(super) type Values = [i64; COLUMNS.len()];

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Index into the stacks.
    pub(super) stack: u32,
    /// Index into the lock names; [`OTHER_LOCKS`] is all without a place of their own.
    lock: u32,
    pub(super) values: Values,
}

/// The index of no lock's name.
const OTHER_LOCKS: u32 = u32::MAX;

/// All rows of a flush.
#[derive(Default)]
pub(super) struct Rows {
    locks: Interned<str>,
    stacks: Interned<[u32]>,
    /// As they came: a table of them by place and lock would be larger than those
    /// it spares.
    rows: Vec<Row>,
}

impl Rows {
    pub(super) fn add(&mut self, sample: &Sample) {
        let column = |of: SampleType| sample.values.get(of.index()).copied().unwrap_or(0);
        let values = COLUMNS.map(|of| column(of).max(0));
        if values == Values::default() {
            return;
        }
        let lock = self
            .locks
            .index(sample.text(label::LOCK_NAME).unwrap_or(OTHERS));
        let frames: Vec<u32> = sample
            .stack
            .iter()
            .filter_map(|&place| u32::try_from(place).ok())
            .collect();
        let stack = self.stacks.index(&frames);
        self.rows.push(Row {
            stack,
            lock,
            values,
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn all(&self) -> &[Row] {
        &self.rows
    }

    /// The name of a row's lock.
    pub(super) fn lock(&self, row: &Row) -> &str {
        self.locks.get(row.lock).unwrap_or(OTHERS)
    }

    pub(super) fn stack(&self, index: u32) -> &[u32] {
        self.stacks.get(index).unwrap_or_default()
    }

    /// Puts rows of one place and lock together, in the order of places. Locks that
    /// have no place of their own even now are one.
    pub(super) fn merge(&mut self, prominent: &mut Prominent) {
        let mut waits = vec![0; self.locks.all.len()];
        for row in &self.rows {
            let wait = usize::try_from(row.lock).ok();
            if let Some(wait) = wait.and_then(|at| waits.get_mut(at)) {
                *wait += row.values.get(WAIT).copied().unwrap_or(0);
            }
        }
        prominent.admit(self.locks.all.iter().map(AsRef::as_ref).zip(waits));
        for row in &mut self.rows {
            let name = self.locks.get(row.lock);
            if !name.is_some_and(|name| prominent.has(name)) {
                row.lock = OTHER_LOCKS;
            }
        }
        let key = |row: &Row| (row.stack, row.lock);
        self.rows.sort_unstable_by_key(key);
        self.rows.dedup_by(|row, before| {
            let is_same = key(row) == key(before);
            if is_same {
                for (sum, value) in before.values.iter_mut().zip(row.values) {
                    *sum = sum.saturating_add(value);
                }
            }
            is_same
        });
    }
}

/// Each thing once, known by its index.
struct Interned<T: ?Sized> {
    all: Vec<Arc<T>>,
    indices: FxHashMap<Arc<T>, u32>,
}

impl<T: ?Sized> Default for Interned<T> {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            indices: FxHashMap::default(),
        }
    }
}

impl<T: ?Sized + Eq + std::hash::Hash> Interned<T> {
    fn index<'a>(&mut self, thing: &'a T) -> u32
    where
        Arc<T>: From<&'a T>,
    {
        if let Some(&index) = self.indices.get(thing) {
            return index;
        }
        let index = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        let thing = Arc::from(thing);
        self.all.push(Arc::clone(&thing));
        self.indices.insert(thing, index);
        index
    }

    fn get(&self, index: u32) -> Option<&T> {
        self.all
            .get(usize::try_from(index).ok()?)
            .map(AsRef::as_ref)
    }
}
