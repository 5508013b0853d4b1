//! Records → totals per (stack, lock, role, thread, duration bucket).

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::record::{self, Kind, Loss, Record, Role};

/// Rows that are kept; about 130 bytes each.
const ROWS_MAX: usize = 1 << 16;
/// Frames of distinct stacks that are kept; 8 bytes each.
const FRAMES_MAX: usize = 1 << 19;

/// What makes a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// Index of the stack.
    pub(crate) stack: u32,
    /// Address of the lock.
    pub(crate) lock: u64,
    pub(crate) kind: Kind,
    pub(crate) role: Role,
    /// The kernel's id of the thread.
    pub(crate) thread_id: u32,
    /// What `pthread_self` says of it.
    pub(crate) pthread_id: u64,
    /// The power of two at or below the duration; none without a duration.
    pub(crate) bucket_ns: Option<u64>,
    pub(crate) depth: u32,
    /// 0, or why the acquisition failed.
    pub(crate) error: i32,
    /// The kernel's id of the thread that was waited for; 0 unknown.
    pub(crate) blocker: u32,
}

/// What a row adds up; all but the extremes are estimates.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Totals {
    /// Successful takings.
    pub(crate) acquisitions: f64,
    /// Time waited, successfully or not.
    pub(crate) wait_ns: f64,
    /// Attempts that found the lock taken.
    pub(crate) contentions: f64,
    pub(crate) releases: f64,
    pub(crate) hold_ns: f64,
    /// Longest and shortest duration seen.
    pub(crate) max_ns: u64,
    pub(crate) min_ns: u64,
}

/// All rows of a process so far.
#[derive(Default)]
pub(crate) struct Aggregate {
    rows: FxHashMap<Key, Totals>,
    stack_ids: FxHashMap<Arc<[u64]>, u32>,
    stacks: Vec<Arc<[u64]>>,
    frames_len: usize,
}

impl Aggregate {
    /// Adds one record; counts it as lost when there is no room for a new row.
    pub(crate) fn add(&mut self, record: &Record) {
        if self.try_add(record).is_none() {
            record::lose(Loss::TableFull, record.weight.max(record.wait_weight));
        }
    }

    fn try_add(&mut self, record: &Record) -> Option<()> {
        let key = Key {
            stack: self.stack_id(record.stack())?,
            lock: record.lock,
            kind: record.kind,
            role: record.role,
            thread_id: record.thread_id,
            pthread_id: record.pthread_id,
            bucket_ns: measured(record).map(bucket_of),
            depth: record.depth,
            error: record.error,
            blocker: record.blocker,
        };
        if self.rows.len() >= ROWS_MAX && !self.rows.contains_key(&key) {
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
                key.thread_id,
                key.bucket_ns,
                key.depth,
                key.error,
                key.blocker,
            )
        });
        rows
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

fn bucket_of(duration_ns: u64) -> u64 {
    duration_ns.checked_ilog2().map_or(0, |log| 1 << log)
}

#[allow(
    clippy::cast_precision_loss,
    reason = "durations stay far below 2⁵³ ns, which is 104 days"
)]
fn add_to(totals: &mut Totals, record: &Record) {
    let duration = record.duration_ns as f64;
    match record.role {
        Role::Acquire => {
            if record.error == 0 {
                totals.acquisitions += record.weight;
            } else {
                totals.contentions += record.weight;
            }
            totals.contentions += record.wait_weight;
            totals.wait_ns += record.wait_weight * duration;
        }
        Role::Release => {
            totals.releases += record.weight;
            totals.hold_ns += record.weight * duration;
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
        record.frames[..frames.len()].copy_from_slice(frames);
        record.frames_len = u16::try_from(frames.len()).unwrap_or(0);
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
            .map(|(key, totals)| (key.bucket_ns, totals.releases, totals.max_ns))
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
        assert_eq!((totals.acquisitions, totals.contentions), (0.0, 100.0));
    }

    #[test]
    fn a_full_table_loses_new_rows_only_and_counts_them() {
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
    }
}
