//! Records → totals per (stack, lock, role, thread, duration bucket).

mod row;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use rustc_hash::FxHashMap;

use self::row::{Amount, NO_BUCKET, NONE, OTHERS, bucket_of};
use super::blame::{Charge, Charges};
use crate::record::{Kind, Record, Role};

pub(crate) use self::row::{Key, Totals};

/// Rows that are kept: as many as fit a table of 2¹⁵ places, 89 bytes each, but
/// for the rows of all others.
const ROWS_MAX: usize = (1 << 15) / 8 * 7 - 1024;
/// Of them those that know their thread, and those that know their lock. What comes then
/// has less and less detail: a program may have a new thread for every request, or a new
/// lock for every object, but its places and mostly its locks remain the same.
const ROWS_OF_THREADS: usize = ROWS_MAX / 4 * 3;
const ROWS_OF_LOCKS: usize = ROWS_MAX / 8 * 7;
/// Frames of distinct stacks that are kept; 8 bytes each.
const FRAMES_MAX: usize = 5 << 16;
/// Threads that are kept; 12 bytes each, and their names.
const THREADS_MAX: usize = 1 << 14;

/// The address that stands for all locks there was no room for.
pub(crate) const OTHER_LOCKS: u64 = 0;

/// Who did something: the kernel's id of a thread, and what `pthread_self` said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct ThreadIds {
    pub(crate) native: u32,
    pub(crate) pthread: u64,
}

/// All rows of a process so far.
#[derive(Default)]
pub(crate) struct Aggregate {
    /// Row → its number, and by that its totals.
    rows: FxHashMap<Key, u32>,
    totals: Vec<Totals>,
    stack_ids: FxHashMap<Arc<[u64]>, u32>,
    stacks: Vec<Arc<[u64]>>,
    frames_len: usize,
    thread_indices: FxHashMap<ThreadIds, u32>,
    threads: Vec<ThreadIds>,
    charges: Charges,
    /// Waits whose holder has not told of its release yet.
    unsettled: Vec<Unsettled>,
}

/// A row and what it adds up to.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    /// Rows are numbered from 0 as they come; none goes away.
    pub(crate) number: usize,
    pub(crate) key: &'a Key,
    pub(crate) totals: &'a Totals,
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
        let is_wanted_only = record.role == Role::Release && amount.is_nothing();
        if record.role == Role::Wake || is_wanted_only {
            self.learn_charge(record, false);
            return self.stacks.len() != stacks;
        }
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
            thread: self.thread_index(record).unwrap_or(OTHERS),
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
            self.learn_charge(record, false);
        } else if record.charge != 0 {
            match self.charges.get_whole(record.charge) {
                Some(charge) => self.put_down(&mut key, &amount, charge),
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

    /// Where waits were ended, which are put down to it; it makes no row.
    pub(crate) fn learn_charge(&mut self, record: &Record, is_left_out: bool) {
        if let Some(stack) = self.stack_id(record.frames.as_slice()) {
            let charge = Charge {
                stack,
                thread: record.thread_id,
                thread_index: self.thread_index(record).unwrap_or(OTHERS),
                is_left_out,
                cause: record.cause,
            };
            self.charges.learn(record.charge, charge);
        }
    }

    /// Puts a wait down to a charge; what it is not charged with yet, it is now.
    fn put_down(&mut self, key: &mut Key, amount: &Amount, charge: Charge) {
        if key.role == Role::Acquire
            && let Some(blocked) = amount.not_charged_yet()
        {
            let holder = key.of_holder(charge);
            if charge.is_left_out {
                blocked.leave_out(&holder);
            } else {
                self.add_row(holder, &blocked);
            }
        }
        key.holder = charge.stack;
        // Of locks the holder at the beginning of the wait is meant, if it was seen.
        if key.role == Role::Sync {
            key.blocker = charge.thread;
        }
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
                self.put_down(&mut wait.key, &wait.amount, charge);
            }
            self.add_row(wait.key, &wait.amount);
        }
    }

    /// Takes out the rows at such stacks, of which nobody has been told, and counts them
    /// as left out.
    pub(crate) fn leave_out(&mut self, is_left_out: impl Fn(&[u64]) -> bool) {
        let Self {
            rows,
            totals,
            stacks,
            unsettled,
            ..
        } = self;
        let is_meant = |key: &Key| {
            let stack = stacks.get(key.stack as usize);
            stack.is_some_and(|stack| is_left_out(stack))
        };
        rows.retain(|key, number| {
            let goes = is_meant(key);
            if goes && let Some(totals) = totals.get(*number as usize) {
                totals.leave_out(key);
            }
            !goes
        });
        unsettled.retain(|wait| {
            let goes = is_meant(&wait.key);
            if goes {
                wait.amount.leave_out(&wait.key);
            }
            !goes
        });
    }

    fn add_row(&mut self, key: Key, amount: &Amount) {
        let steps = [
            (key, ROWS_OF_THREADS),
            (key.without_thread(), ROWS_OF_LOCKS),
            (key.without_lock(), ROWS_MAX),
        ];
        let has_room =
            |(key, most): &(Key, usize)| self.totals.len() < *most || self.rows.contains_key(key);
        match steps.into_iter().find(has_room) {
            Some((found, _)) => {
                if found.lacks_details() {
                    amount.lose_details(key.role);
                }
                self.add_to_row(found, amount);
            }
            None => self.add_to_others(key.kind, key.role, key.depth.into(), amount),
        }
    }

    fn add_to_row(&mut self, key: Key, amount: &Amount) {
        let next = u32::try_from(self.totals.len()).unwrap_or(u32::MAX);
        let number = *self.rows.entry(key).or_insert(next);
        if number == next {
            self.totals.push(Totals::default());
        }
        if let Some(totals) = self.totals.get_mut(number as usize) {
            amount.add_to(totals);
        }
    }

    fn add_to_others(&mut self, kind: Kind, role: Role, depth: u32, amount: &Amount) {
        amount.lose_details(role);
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
        self.add_to_row(key, amount);
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

    /// Whether there is nothing but waiting for the end of threads.
    pub(crate) fn has_joins_only(&self) -> bool {
        self.rows.keys().all(|key| key.kind == Kind::Join)
    }

    /// All rows, in an order that does not depend on chance.
    pub(crate) fn rows(&self) -> Vec<Row<'_>> {
        let mut rows: Vec<_> = self.unsorted().collect();
        rows.sort_unstable_by_key(|Row { key, .. }| {
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
        let of_kind = self.unsorted().filter(|row| row.key.kind == kind);
        of_kind.fold((0.0, 0.0), |(waits, ns), Row { key, totals, .. }| {
            let count = match key.role {
                Role::Acquire if key.bucket_ns().is_some() => totals.contention,
                Role::Sync => totals.events,
                _ => return (waits, ns),
            };
            (waits + count, ns + totals.time_ns)
        })
    }

    fn unsorted(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().filter_map(|(key, &number)| {
            let number = number as usize;
            let totals = self.totals.get(number)?;
            Some(Row {
                number,
                key,
                totals,
            })
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
