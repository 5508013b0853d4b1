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
    /// Index into the lock names; none is all without a place of their own.
    pub(super) lock: Option<u32>,
    pub(super) values: Values,
}

/// All rows of a flush.
#[derive(Default)]
pub(super) struct Rows {
    locks: Interned<str>,
    stacks: Interned<[u32]>,
    values: FxHashMap<(u32, u32), Values>,
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
        add_to(self.values.entry((stack, lock)).or_default(), &values);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub(super) fn lock(&self, index: u32) -> &str {
        self.locks.get(index).map_or(OTHERS, |name| name)
    }

    pub(super) fn stack(&self, index: u32) -> &[u32] {
        self.stacks.get(index).map_or(&[], |frames| frames)
    }

    /// The rows by stack. Locks that have no place even now are one.
    pub(super) fn sorted(&mut self, prominent: &mut Prominent) -> Vec<Row> {
        let mut waits = vec![0; self.locks.all.len()];
        for ((_, lock), values) in &self.values {
            if let Some(wait) = usize::try_from(*lock).ok().and_then(|at| waits.get_mut(at)) {
                *wait += values.get(WAIT).copied().unwrap_or(0);
            }
        }
        prominent.admit(self.locks.all.iter().map(AsRef::as_ref).zip(waits));
        let keys = |row: &Row| (row.stack, row.lock);
        let mut rows: Vec<Row> = self
            .values
            .drain()
            .map(|((stack, lock), values)| {
                let is_named = self.locks.get(lock).is_some_and(|name| prominent.has(name));
                let lock = is_named.then_some(lock);
                Row {
                    stack,
                    lock,
                    values,
                }
            })
            .collect();
        rows.sort_unstable_by_key(keys);
        rows.dedup_by(|row, before| {
            let is_same = keys(row) == keys(before);
            if is_same {
                add_to(&mut before.values, &row.values);
            }
            is_same
        });
        rows
    }
}

fn add_to(sums: &mut Values, values: &Values) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum = sum.saturating_add(*value);
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
