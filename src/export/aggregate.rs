//! Records → totals per (stack, lock, role, thread, duration bucket).

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::blame::{Charge, Charges};

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
    /// The lock, as [`super::locks`] knows it.
    pub(crate) lock: u64,
    /// Index of the stack.
    stack: u32,
    /// Index of the thread.
    thread: u32,
    /// The kernel's id of the thread that was waited for; 0 unknown.
    pub(crate) blocker: u32,
    /// Index of the stack of the release that was waited for, and of the last one in
    /// its chain; [`NONE`] unknown.
    holder: u32,
    root: u32,
    pub(crate) depth: u16,
    /// 0, or why the acquisition failed.
    pub(crate) error: i16,
    pub(crate) kind: Kind,
    pub(crate) role: Role,
    /// The exponent of the power of two at or below the duration; [`NO_BUCKET`]
    /// without one.
    bucket: u8,
}

const _: () = assert!(size_of::<Key>() == 40);

/// The index of no stack.
const NONE: u32 = u32::MAX - 1;
const NO_BUCKET: u8 = u8::MAX;

impl Key {
    /// Whether it is the row of all there was no room for.
    pub(crate) fn is_of_others(&self) -> bool {
        self.stack == OTHERS
    }

    /// The power of two at or below the duration; none without a duration.
    pub(crate) fn bucket_ns(&self) -> Option<u64> {
        1_u64.checked_shl(self.bucket.into())
    }
}

/// What a row adds up. All but the extremes are estimates.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Totals {
    /// Successful takings, or releases.
    pub(crate) events: f64,
    /// Time waited, successfully or not, or held.
    pub(crate) time_ns: f64,
    /// Of acquisitions: attempts that found the lock taken. Of releases: waiting of
    /// others that they ended, nanoseconds.
    pub(crate) contention: f64,
    /// Longest duration seen.
    pub(crate) max_ns: u64,
    /// Records that were added up.
    pub(crate) samples: u32,
    /// Most threads that waited at once.
    pub(crate) queue: u16,
    /// Whether not all durations were equal.
    pub(crate) is_varied: bool,
}

const _: () = assert!(size_of::<Totals>() == 40);

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
    charges: Charges,
    /// Waits whose holder has not told of its release yet.
    unsettled: Vec<Unsettled>,
}

/// A wait put down to a release that is still on its way to us.
struct Unsettled {
    charge: u64,
    key: Key,
    amount: Amount,
    /// Whether the release was looked for at the end of a drain before.
    is_old: bool,
}

impl Aggregate {
    /// Adds one record about a lock; says whether its stack is new. When there is no
    /// room for a new row its numbers still count, in the row of all others; that
    /// their details are lost is counted.
    pub(crate) fn add(&mut self, record: &Record, lock: u64) -> bool {
        let stacks = self.stacks.len();
        let amount = Amount::of(record);
        match self.key(record, lock, &amount) {
            Some(key) => self.add_details(record, key, amount),
            None => self.add_to_others(record.kind, record.role, record.depth, &amount),
        }
        self.stacks.len() != stacks
    }

    fn key(&mut self, record: &Record, lock: u64, amount: &Amount) -> Option<Key> {
        Some(Key {
            lock,
            stack: self.stack_id(record.frames.as_slice())?,
            thread: self.thread_index(record)?,
            blocker: record.blocker,
            holder: NONE,
            root: NONE,
            depth: u16::try_from(record.depth).unwrap_or(u16::MAX),
            error: i16::try_from(record.error).unwrap_or(i16::MAX),
            kind: record.kind,
            role: record.role,
            bucket: amount.duration_ns.map_or(NO_BUCKET, bucket_of),
        })
    }

    fn add_details(&mut self, record: &Record, mut key: Key, amount: Amount) {
        if record.charge != 0 && record.role == Role::Release {
            let charge = Charge {
                stack: key.stack,
                cause: record.cause,
            };
            self.charges.learn(record.charge, charge);
        } else if record.charge != 0 {
            match self.charges.get_whole(record.charge) {
                Some(charge) => self.put_down(&mut key, charge),
                None => {
                    self.unsettled.push(Unsettled {
                        charge: record.charge,
                        key,
                        amount,
                        is_old: false,
                    });
                    return;
                }
            }
        }
        self.add_row(key, &amount);
    }

    fn put_down(&self, key: &mut Key, charge: Charge) {
        key.holder = charge.stack;
        key.root = self.charges.root(charge).unwrap_or(NONE);
    }

    /// The end of a drain: adds the waits whose holders have told of their releases,
    /// and, without a holder, those for which it must have been lost. `all` when
    /// nothing more is waited for.
    pub(crate) fn settle(&mut self, all: bool) {
        for mut wait in std::mem::take(&mut self.unsettled) {
            let is_whole = self.charges.get_whole(wait.charge).is_some();
            if !is_whole && !all && !wait.is_old {
                wait.is_old = true;
                self.unsettled.push(wait);
                continue;
            }
            if let Some(charge) = self.charges.get(wait.charge) {
                self.put_down(&mut wait.key, charge);
            }
            self.add_row(wait.key, &wait.amount);
        }
    }

    fn add_row(&mut self, key: Key, amount: &Amount) {
        if let Some(totals) = self.rows.get_mut(&key) {
            amount.add_to(totals);
        } else if self.rows.len() >= ROWS_MAX {
            self.add_to_others(key.kind, key.role, key.depth.into(), amount);
        } else {
            amount.add_to(self.rows.entry(key).or_default());
        }
    }

    fn add_to_others(&mut self, kind: Kind, role: Role, depth: u32, amount: &Amount) {
        record::lose(Loss::TableFull, amount.events.max(amount.contention));
        let key = Key {
            lock: OTHER_LOCKS,
            stack: OTHERS,
            thread: OTHERS,
            blocker: 0,
            holder: NONE,
            root: NONE,
            depth: if depth > 1 { 2 } else { 1 },
            error: 0,
            kind,
            role,
            bucket: amount.duration_ns.map_or(NO_BUCKET, bucket_of),
        };
        amount.add_to(self.rows.entry(key).or_default());
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
                (key.lock, key.stack, key.role as u8, key.thread, key.bucket),
                (
                    key.depth,
                    key.error,
                    key.blocker,
                    key.holder,
                    key.root,
                    key.kind as u8,
                ),
            )
        });
        rows
    }

    /// Estimated number and time of all waits for a kind of lock.
    pub(crate) fn waits(&self, kind: Kind) -> (f64, f64) {
        let is_wait =
            |key: &Key| key.kind == kind && key.role == Role::Acquire && key.bucket_ns().is_some();
        let waits = self.rows.iter().filter(|(key, _)| is_wait(key));
        waits.fold((0.0, 0.0), |(waits, ns), (_, totals)| {
            (waits + totals.contention, ns + totals.time_ns)
        })
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
        self.stack_at(key.stack)
    }

    /// The stack of the release that a row waited for; empty when unknown.
    pub(crate) fn holder_stack(&self, key: &Key) -> &[u64] {
        self.stack_at(key.holder)
    }

    /// The stack at the end of that release's chain; empty when it has none.
    pub(crate) fn root_stack(&self, key: &Key) -> &[u64] {
        self.stack_at(key.root)
    }

    fn stack_at(&self, index: u32) -> &[u64] {
        self.stacks.get(index as usize).map_or(&[], |stack| stack)
    }
}

fn bucket_of(duration_ns: u64) -> u8 {
    let exponent = duration_ns.checked_ilog2().unwrap_or(0);
    u8::try_from(exponent).unwrap_or(0)
}

/// What one record adds to its row.
#[derive(Clone, Copy, Debug)]
struct Amount {
    events: f64,
    time_ns: f64,
    contention: f64,
    /// The duration it carries, if it does.
    duration_ns: Option<u64>,
    queue: u16,
}

impl Amount {
    #[allow(
        clippy::cast_precision_loss,
        reason = "durations stay far below 2⁵³ ns, which is 104 days"
    )]
    fn of(record: &Record) -> Self {
        let duration = record.duration_ns as f64;
        let weight = record.weight;
        let (events, time_ns, contention, has_duration) = match record.role {
            Role::Acquire => {
                let (taken, failed) = if record.error == 0 {
                    (weight, 0.0)
                } else {
                    (0.0, weight)
                };
                let waits = record.wait_weight;
                (taken, waits * duration, failed + waits, waits > 0.0)
            }
            Role::Release => {
                let blocked = record.blocked_weight * record.blocked_ns as f64;
                let is_hold = record.depth == 1 && weight > 0.0;
                (weight, weight * duration, blocked, is_hold)
            }
            Role::Init | Role::Name => (0.0, 0.0, 0.0, false),
        };
        Self {
            events,
            time_ns,
            contention,
            duration_ns: has_duration.then_some(record.duration_ns),
            queue: u16::try_from(record.queue).unwrap_or(u16::MAX),
        }
    }

    fn add_to(&self, totals: &mut Totals) {
        if let Some(duration_ns) = self.duration_ns {
            totals.is_varied |= totals.samples != 0 && duration_ns != totals.max_ns;
            totals.max_ns = totals.max_ns.max(duration_ns);
        }
        totals.events += self.events;
        totals.time_ns += self.time_ns;
        totals.contention += self.contention;
        // What is taken back was counted before.
        totals.samples = if self.events < 0.0 {
            totals.samples.saturating_sub(1)
        } else {
            totals.samples.saturating_add(1)
        };
        totals.queue = totals.queue.max(self.queue);
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
            aggregate.add(&release, 0x1000);
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
        aggregate.add(&failed, 0x1000);
        let totals = *aggregate.rows()[0].1;
        assert_eq!((totals.events, totals.contention), (0.0, 100.0));
    }

    #[test]
    fn a_full_table_loses_details_only_and_counts_them() {
        let mut aggregate = Aggregate::default();
        let deep: Vec<u64> = (0..64).collect();
        for number in 0..(FRAMES_MAX as u64 / 64 + 10) {
            let mut stack = deep.clone();
            stack[0] = number;
            aggregate.add(&record(Role::Acquire, &stack), 0x1000);
        }
        assert_eq!(record::lost(Loss::TableFull), (10, 1000));
        aggregate.add(&record(Role::Acquire, &deep), 0x1000);
        assert_eq!(record::lost(Loss::TableFull), (10, 1000));
        let rows = aggregate.rows();
        let total: f64 = rows.iter().map(|(_, totals)| totals.events).sum();
        assert_eq!(total, 100.0 * (FRAMES_MAX as f64 / 64.0 + 11.0));
        assert!(
            rows.iter()
                .any(|(key, totals)| key.is_of_others() && totals.events == 1000.0)
        );
    }

    #[test]
    fn a_wait_is_put_down_to_its_release_whichever_comes_first() {
        let mut aggregate = Aggregate::default();
        let mut wait = record(Role::Acquire, &[1]);
        (wait.charge, wait.wait_weight, wait.duration_ns) = (7, 1.0, 5_000);
        aggregate.add(&wait, 0x1000);
        aggregate.settle(false);
        assert_eq!(aggregate.rows().len(), 0);
        let mut release = record(Role::Release, &[9]);
        (release.charge, release.blocked_weight, release.blocked_ns) = (7, 1.0, 4_000);
        release.weight = 0.0;
        aggregate.add(&release, 0x1000);
        aggregate.settle(false);
        aggregate.add(&wait, 0x1000);
        let rows = aggregate.rows();
        let (waited, released) = (rows[0], rows[1]);
        assert_eq!(aggregate.holder_stack(waited.0), [9]);
        assert_eq!((waited.1.time_ns, waited.1.samples), (10_000.0, 2));
        assert_eq!(
            (
                released.1.events,
                released.1.contention,
                released.0.bucket_ns()
            ),
            (0.0, 4_000.0, None)
        );
    }

    #[test]
    fn a_wait_whose_release_was_lost_counts_without_a_holder() {
        let mut aggregate = Aggregate::default();
        let mut wait = record(Role::Acquire, &[1]);
        (wait.charge, wait.wait_weight, wait.duration_ns) = (7, 1.0, 5_000);
        aggregate.add(&wait, 0x1000);
        aggregate.settle(false);
        aggregate.settle(false);
        let rows = aggregate.rows();
        assert_eq!(rows[0].1.time_ns, 5_000.0);
        assert!(aggregate.holder_stack(rows[0].0).is_empty());
    }
}
