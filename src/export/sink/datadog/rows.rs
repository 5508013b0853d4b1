//! Rows as Datadog knows them: four values, few labels, and no two rows that are equal.

use std::borrow::Borrow;
use std::hash::{BuildHasher as _, Hash};
use std::sync::Arc;

use contract::pprof::Schema;
use contract::profile::{Label, LabelValue, Sample};
use contract::sample_type::{self, SampleType, label};
use rustc_hash::{FxBuildHasher, FxHashMap};

/// The columns of ddtrace, in its order, under its names.
pub(super) const SCHEMA: Schema = Schema {
    sample_types: &[
        ("lock-acquire-wait", "nanoseconds"),
        ("lock-acquire", "count"),
        ("lock-release-hold", "nanoseconds"),
        ("lock-release", "count"),
    ],
    default: "lock-acquire-wait",
    period: sample_type::PERIOD,
};

/// What of our own stands in them.
const COLUMNS: [SampleType; SCHEMA.sample_types.len()] = [
    SampleType::AcquireWait,
    SampleType::Acquire,
    SampleType::ReleaseHold,
    SampleType::Release,
];

/// dd-trace-dotnet's key for how long something lasted.
const DURATION_BUCKET: &str = "Duration bucket";

const MILLISECOND_NS: i64 = 1_000_000;

/// Its texts, a blank at the head of one included, and the time each ends below.
const BUCKETS: [(&str, i64); 5] = [
    ("0 - 9 ms", 10 * MILLISECOND_NS),
    (" 10 - 49 ms", 50 * MILLISECOND_NS),
    ("50 - 99 ms", 100 * MILLISECOND_NS),
    ("100 - 499 ms", 500 * MILLISECOND_NS),
    ("+500 ms", i64::MAX),
];

type Values = [i64; COLUMNS.len()];

/// What makes a row. Small, because many are in memory at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Key {
    stack: u32,
    lock_name: u32,
    thread: u32,
    /// The thread that was waited for; the first of the table is none.
    blocker: u32,
    lock_kind: u32,
    /// Why an attempt failed; an empty text if it did not.
    result: u32,
    /// One more than the place among [`BUCKETS`]; 0 without a duration.
    bucket: u8,
}

/// A thread as labels tell of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Thread {
    id: i64,
    native_id: i64,
    name: u32,
}

impl From<&Thread> for Thread {
    fn from(thread: &Thread) -> Self {
        *thread
    }
}

/// The rows since the last profile.
pub(super) struct Rows {
    /// Equal ones are added up at the end: a map of them would be half as large again.
    rows: Vec<(Key, Values)>,
    stacks: Stacks,
    texts: Table<Arc<str>>,
    threads: Table<Thread>,
    /// A stack on its way into the table.
    scratch: Vec<u32>,
}

impl Rows {
    pub(super) fn new() -> Self {
        let mut rows = Self {
            rows: Vec::new(),
            stacks: Stacks::default(),
            texts: Table::default(),
            threads: Table::default(),
            scratch: Vec::new(),
        };
        // What a key of zeros means: no text, no thread.
        rows.texts.index("");
        rows.threads.index(&Thread::default());
        rows
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds a row, unless Datadog knows none of its values.
    pub(super) fn add(&mut self, sample: &Sample) {
        let values = values(sample);
        if values.iter().all(|value| *value == 0) {
            return;
        }
        let key = self.key(sample);
        // Those that differ in the length of a wait alone come one after the other.
        match self.rows.last_mut() {
            Some((last, sums)) if *last == key => add(sums, &values),
            _ => self.rows.push((key, values)),
        }
    }

    fn key(&mut self, sample: &Sample) -> Key {
        self.scratch.clear();
        let frames = sample.stack.iter().map(|&at| u32::try_from(at));
        self.scratch.extend(frames.map(|at| at.unwrap_or(u32::MAX)));
        let mut text = |key| self.texts.index(sample.text(key).unwrap_or_default());
        let number = |key| sample.number(key).unwrap_or_default();
        let thread = Thread {
            id: number(label::THREAD_ID),
            native_id: number(label::THREAD_NATIVE_ID),
            name: text(label::THREAD_NAME),
        };
        let blocker = Thread {
            id: number(label::BLOCKING_THREAD_ID),
            native_id: 0,
            name: text(label::BLOCKING_THREAD_NAME),
        };
        Key {
            stack: self.stacks.index(self.scratch.as_slice()),
            lock_name: text(label::LOCK_NAME),
            thread: self.threads.index(&thread),
            blocker: self.threads.index(&blocker),
            lock_kind: text(label::LOCK_KIND),
            result: text(label::RESULT),
            bucket: bucket_of(sample),
        }
    }

    /// All rows, in an order that does not depend on chance; none stays.
    pub(super) fn take(&mut self) -> impl Iterator<Item = Sample> + use<> {
        let mut all = std::mem::replace(self, Self::new());
        let mut rows = std::mem::take(&mut all.rows);
        rows.sort_unstable_by_key(|(key, _)| *key);
        rows.dedup_by(|(key, values), (kept, sums)| {
            let is_equal = key == kept;
            if is_equal {
                add(sums, values);
            }
            is_equal
        });
        rows.into_iter()
            .map(move |(key, sums)| all.sample(&key, &sums))
    }

    fn sample(&self, key: &Key, sums: &Values) -> Sample {
        let mut values = [0; sample_type::COUNT];
        for (sum, column) in sums.iter().zip(COLUMNS) {
            if let Some(value) = values.get_mut(column.index()) {
                *value = *sum;
            }
        }
        let stack = self.stacks.get(key.stack).iter();
        Sample {
            stack: stack.map(|&at| at as usize).collect(),
            values,
            labels: self.labels(key),
        }
    }

    /// ddtrace's labels in its order, then dd-trace-dotnet's, then two of our own
    /// that make no more rows: a lock has one kind, and a failed attempt is no
    /// acquisition.
    fn labels(&self, key: &Key) -> Vec<Label> {
        let thread = self.threads.get(key.thread).copied().unwrap_or_default();
        let blocker = self.threads.get(key.blocker).copied().unwrap_or_default();
        let bucket = usize::from(key.bucket).checked_sub(1);
        let bucket = bucket.and_then(|at| BUCKETS.get(at));
        let labels = [
            self.text(label::LOCK_NAME, key.lock_name),
            number(label::THREAD_ID, thread.id),
            number(label::THREAD_NATIVE_ID, thread.native_id),
            self.text(label::THREAD_NAME, thread.name),
            number(label::BLOCKING_THREAD_ID, blocker.id),
            self.text(label::BLOCKING_THREAD_NAME, blocker.name),
            bucket.map(|(text, _)| (DURATION_BUCKET, LabelValue::Text((*text).to_owned()))),
            self.text(label::LOCK_KIND, key.lock_kind),
            self.text(label::RESULT, key.result),
        ];
        let labels = labels.into_iter().flatten();
        labels
            .map(|(key, value)| Label {
                key: key.to_owned(),
                value,
            })
            .collect()
    }

    fn text(&self, key: &'static str, text: u32) -> Option<(&'static str, LabelValue)> {
        let text = self.texts.get(text).filter(|text| !text.is_empty())?;
        Some((key, LabelValue::Text(text.to_string())))
    }
}

/// The values of a row in the columns of [`SCHEMA`].
pub(super) fn values(sample: &Sample) -> Values {
    COLUMNS.map(|column| of(sample, column))
}

fn add(sums: &mut Values, values: &Values) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum = sum.saturating_add(*value);
    }
}

fn number(key: &'static str, number: i64) -> Option<(&'static str, LabelValue)> {
    (number != 0).then(|| (key, LabelValue::Number(number, String::new())))
}

fn of(sample: &Sample, column: SampleType) -> i64 {
    let value = sample.values.get(column.index());
    value.copied().unwrap_or_default().max(0)
}

/// Which of [`BUCKETS`], counted from 1. Rows know the power of two at or below each
/// duration and their sum; where both of that power's neighbours could be meant,
/// the mean decides, which is exact for a single event.
fn bucket_of(sample: &Sample) -> u8 {
    let Some(least_ns) = sample.number(label::DURATION_BUCKET) else {
        return 0;
    };
    let released = of(sample, SampleType::Release);
    let (time_ns, events) = if released > 0 {
        (of(sample, SampleType::ReleaseHold), released)
    } else {
        let events = of(sample, SampleType::Contention);
        (of(sample, SampleType::AcquireWait), events)
    };
    let mean_ns = time_ns.checked_div(events).unwrap_or(least_ns);
    let most_ns = least_ns.saturating_mul(2).saturating_sub(1).max(least_ns);
    let mean_ns = mean_ns.clamp(least_ns, most_ns);
    let place = BUCKETS.iter().position(|(_, below)| mean_ns < *below);
    place.map_or(0, |place| u8::try_from(place + 1).unwrap_or(0))
}

/// Stacks, each once, one behind the other.
#[derive(Default)]
struct Stacks {
    frames: Vec<u32>,
    /// Where each one ends.
    ends: Vec<u32>,
    /// By their hash, or the next free number after it.
    places: FxHashMap<u64, u32>,
}

impl Stacks {
    fn index(&mut self, stack: &[u32]) -> u32 {
        let mut hash = FxBuildHasher.hash_one(stack);
        while let Some(place) = self.places.get(&hash) {
            if self.get(*place) == stack {
                return *place;
            }
            hash = hash.wrapping_add(1);
        }
        let place = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        self.frames.extend_from_slice(stack);
        let end = u32::try_from(self.frames.len()).unwrap_or(u32::MAX);
        self.ends.push(end);
        self.places.insert(hash, place);
        place
    }

    fn get(&self, place: u32) -> &[u32] {
        let place = place as usize;
        let begin = place
            .checked_sub(1)
            .and_then(|before| self.ends.get(before));
        let begin = begin.copied().unwrap_or(0) as usize;
        let end = self.ends.get(place).copied().unwrap_or(0) as usize;
        self.frames.get(begin..end).unwrap_or_default()
    }
}

/// Entries, each once, by their place.
#[derive(Debug)]
struct Table<T> {
    places: FxHashMap<T, u32>,
    entries: Vec<T>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            places: FxHashMap::default(),
            entries: Vec::new(),
        }
    }
}

impl<T: Clone + Eq + Hash> Table<T> {
    fn index<Q>(&mut self, entry: &Q) -> u32
    where
        T: Borrow<Q> + for<'a> From<&'a Q>,
        Q: Eq + Hash + ?Sized,
    {
        if let Some(place) = self.places.get(entry) {
            return *place;
        }
        let place = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        let entry = T::from(entry);
        self.entries.push(entry.clone());
        self.places.insert(entry, place);
        place
    }

    fn get(&self, place: u32) -> Option<&T> {
        self.entries.get(place as usize)
    }
}

#[cfg(test)]
mod tests;
