//! Records → totals per (stack, lock, role, thread, duration bucket).

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::record::{self, Kind, Loss, Record, Role};

/// Rows that are kept: as many as fit a table of 2¹⁶ places, 73 bytes each, but
/// for the rows of all others.
const ROWS_MAX: usize = (1 << 16) / 8 * 7 - 1024;
/// Frames of distinct stacks that are kept; 8 bytes each.
const FRAMES_MAX: usize = 3 << 17;
/// Threads that are kept; 12 bytes each, and their names.
const THREADS_MAX: usize = 1 << 14;

/// The address that stands for all locks there was no room for.
pub(crate) const OTHER_LOCKS: u64 = 0;
/// The index of the stack, and of the thread, of all others.
const OTHERS: u32 = u32::MAX;

/// What makes a row. Small, because it is most of our memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// Address of the lock.
    pub(crate) lock: u64,
    /// Index of the stack.
    stack: u32,
    /// Index of the thread.
    thread: u32,
    /// The kernel's id of the thread that was waited for; 0 unknown.
    pub(crate) blocker: u32,
    pub(crate) depth: u32,
    /// 0, or why the acquisition failed.
    pub(crate) error: i16,
    pub(crate) kind: Kind,
    pub(crate) role: Role,
    /// The exponent of the power of two at or below the duration; none without one.
    bucket: Option<u8>,
}

const _: () = assert!(size_of::<Key>() == 32);

impl Key {
    /// Whether it is the row of all there was no room for.
    pub(crate) fn is_of_others(&self) -> bool {
        self.stack == OTHERS
    }

    /// The power of two at or below the duration; none without a duration.
    pub(crate) fn bucket_ns(&self) -> Option<u64> {
        self.bucket
            .map(|exponent| 1_u64.checked_shl(exponent.into()).unwrap_or(0))
    }
}

/// What a row adds up. All but the extremes are estimates.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Totals {
    /// Successful takings, or releases.
    pub(crate) events: f64,
    /// Time waited, successfully or not, or held.
    pub(crate) time_ns: f64,
    /// Attempts that found the lock taken.
    pub(crate) contentions: f64,
    /// Records that were added up.
    pub(crate) samples: u32,
    /// Longest and shortest duration seen.
    pub(crate) max_ns: u64,
    pub(crate) min_ns: u64,
}

/// Who did something: the kernel's id of a thread, and what `pthread_self` said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct ThreadIds {
    pub(crate) native: u32,
    pub(crate) pthread: u64,
}

/// All rows of a process so far.
#[derive(Default)]
pub(crate) struct Aggregate {
    rows: FxHashMap<Key, Totals>,
    stack_ids: FxHashMap<Arc<[u64]>, u32>,
    stacks: Vec<Arc<[u64]>>,
    frames_len: usize,
    thread_indices: FxHashMap<ThreadIds, u32>,
    threads: Vec<ThreadIds>,
}

impl Aggregate {
    /// Adds one record; says whether its stack is new. When there is no room for a
    /// new row its numbers still count, in the row of all others; that their details
    /// are lost is counted.
    pub(crate) fn add(&mut self, record: &Record) -> bool {
        let stacks = self.stacks.len();
        if self.try_add(record).is_none() {
            record::lose(Loss::TableFull, record.weight.max(record.wait_weight));
            let key = Key {
                lock: OTHER_LOCKS,
                stack: OTHERS,
                thread: OTHERS,
                blocker: 0,
                depth: record.depth.min(2),
                error: 0,
                kind: record.kind,
                role: record.role,
                bucket: measured(record).map(bucket_of),
            };
            add_to(self.rows.entry(key).or_default(), record);
        }
        self.stacks.len() != stacks
    }

    fn try_add(&mut self, record: &Record) -> Option<()> {
        let key = Key {
            lock: record.lock,
            stack: self.stack_id(record.frames.as_slice())?,
            thread: self.thread_index(record)?,
            blocker: record.blocker,
            depth: record.depth,
            error: i16::try_from(record.error).unwrap_or(i16::MAX),
            kind: record.kind,
            role: record.role,
            bucket: measured(record).map(bucket_of),
        };
        if let Some(totals) = self.rows.get_mut(&key) {
            add_to(totals, record);
            return Some(());
        }
        if self.rows.len() >= ROWS_MAX {
            return None;
        }
        add_to(self.rows.entry(key).or_default(), record);
        Some(())
    }

    fn stack_id(&mut self, stack: &[u64]) -> Option<u32> {
        if let Some(id) = self.stack_ids.get(stack) {
            return Some(*id);
        }
        if self.frames_len + stack.len() > FRAMES_MAX {
            return None;
        }
        let id = u32::try_from(self.stacks.len()).ok()?;
        let stack: Arc<[u64]> = stack.into();
        self.frames_len += stack.len();
        self.stacks.push(Arc::clone(&stack));
        self.stack_ids.insert(stack, id);
        Some(id)
    }

    fn thread_index(&mut self, record: &Record) -> Option<u32> {
        let ids = ThreadIds {
            native: record.thread_id,
            pthread: record.pthread_id,
        };
        if let Some(index) = self.thread_indices.get(&ids) {
            return Some(*index);
        }
        let index = u32::try_from(self.threads.len()).ok()?;
        if self.threads.len() >= THREADS_MAX {
            return None;
        }
        self.threads.push(ids);
        self.thread_indices.insert(ids, index);
        Some(index)
    }

    /// Whether there is nothing to tell.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All rows, in an order that does not depend on chance.
    pub(crate) fn rows(&self) -> Vec<(&Key, &Totals)> {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_unstable_by_key(|(key, _)| {
            (
                key.lock,
                key.stack,
                key.role as u8,
                key.thread,
                key.bucket,
                key.depth,
                key.error,
                key.blocker,
            )
        });
        rows
    }

    /// All distinct stacks.
    pub(crate) fn stacks(&self) -> impl Iterator<Item = &[u64]> {
        self.stacks.iter().map(|stack| &**stack)
    }

    /// The thread of a row.
    pub(crate) fn thread(&self, key: &Key) -> ThreadIds {
        self.threads
            .get(key.thread as usize)
            .copied()
            .unwrap_or_default()
    }

    /// The stack of a row: return addresses, innermost first.
    pub(crate) fn stack(&self, key: &Key) -> &[u64] {
        self.stacks
            .get(key.stack as usize)
            .map_or(&[], |stack| stack)
    }
}

/// The duration a record carries, if it does.
fn measured(record: &Record) -> Option<u64> {
    let has_one = match record.role {
        Role::Acquire => record.wait_weight > 0.0,
        Role::Release => record.depth == 1,
        Role::Init | Role::Name => false,
    };
    has_one.then_some(record.duration_ns)
}

fn bucket_of(duration_ns: u64) -> u8 {
    let exponent = duration_ns.checked_ilog2().unwrap_or(0);
    u8::try_from(exponent).unwrap_or(0)
}

#[allow(
    clippy::cast_precision_loss,
    reason = "durations stay far below 2⁵³ ns, which is 104 days"
)]
fn add_to(totals: &mut Totals, record: &Record) {
    let duration = record.duration_ns as f64;
    totals.samples = totals.samples.saturating_add(1);
    match record.role {
        Role::Acquire => {
            if record.error == 0 {
                totals.events += record.weight;
            } else {
                totals.contentions += record.weight;
            }
            totals.contentions += record.wait_weight;
            totals.time_ns += record.wait_weight * duration;
        }
        Role::Release => {
            totals.events += record.weight;
            totals.time_ns += record.weight * duration;
        }
        Role::Init | Role::Name => {}
    }
    if let Some(duration_ns) = measured(record) {
        totals.min_ns = if totals.max_ns == 0 {
            duration_ns
        } else {
            totals.min_ns.min(duration_ns)
        };
        totals.max_ns = totals.max_ns.max(duration_ns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(role: Role, frames: &[u64]) -> Record {
        let mut record = Record::new(role, Kind::Mutex, 0x1000);
        record.frames = frames.iter().copied().collect();
        record.weight = 100.0;
        record
    }

    #[test]
    fn equal_stacks_share_a_row_and_add_up() {
        let mut aggregate = Aggregate::default();
        for hold_ns in [1000, 1023, 1024] {
            let mut release = record(Role::Release, &[1, 2, 3]);
            release.duration_ns = hold_ns;
            aggregate.add(&release);
        }
        let rows = aggregate.rows();
        let buckets: Vec<_> = rows
            .iter()
            .map(|(key, totals)| (key.bucket_ns(), totals.events, totals.max_ns))
            .collect();
        assert_eq!(
            buckets,
            [(Some(512), 200.0, 1023), (Some(1024), 100.0, 1024)]
        );
    }

    #[test]
    fn a_failed_attempt_is_a_contention_and_no_acquisition() {
        let mut aggregate = Aggregate::default();
        let mut failed = record(Role::Acquire, &[7]);
        failed.error = libc::EBUSY;
        aggregate.add(&failed);
        let totals = *aggregate.rows()[0].1;
        assert_eq!((totals.events, totals.contentions), (0.0, 100.0));
    }

    #[test]
    fn a_full_table_loses_details_only_and_counts_them() {
        let mut aggregate = Aggregate::default();
        let deep: Vec<u64> = (0..64).collect();
        for number in 0..(FRAMES_MAX as u64 / 64 + 10) {
            let mut stack = deep.clone();
            stack[0] = number;
            aggregate.add(&record(Role::Acquire, &stack));
        }
        assert_eq!(record::lost(Loss::TableFull), (10, 1000));
        aggregate.add(&record(Role::Acquire, &deep));
        assert_eq!(record::lost(Loss::TableFull), (10, 1000));
        let rows = aggregate.rows();
        let total: f64 = rows.iter().map(|(_, totals)| totals.events).sum();
        assert_eq!(total, 100.0 * (FRAMES_MAX as f64 / 64.0 + 11.0));
        assert!(
            rows.iter()
                .any(|(key, totals)| key.is_of_others() && totals.events == 1000.0)
        );
    }
}
