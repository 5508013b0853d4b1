//! A bounded queue of records in which nobody waits for anybody.
//!
//! Each slot has a word that says what is in it: nothing, a record, or what a thread is
//! just writing, and which thread. A writer draws a ticket, which is a slot and the turn
//! it comes in, then changes the slot's word, writes, and changes the word again. Wherever
//! it stops for ever (under a signal handler that jumps out of us), others pass its slot
//! by, and whoever knows that it will not come back frees the slot.
//!
//! What one thread hands in comes out in this order: its next ticket is drawn behind the
//! record before, so whoever takes out up to that ticket finds that record.
#![allow(unsafe_code, reason = "the word of a slot says who owns it")]

use std::mem::{MaybeUninit, offset_of};
use std::ptr;

use super::Record;
use crate::atomic::{AtomicU64, Ordering, UnsafeCell, boxed_word, boxed_words};

/// The queue.
pub(super) struct Queue {
    slots: Box<[Slot]>,
    words: Box<[AtomicU64]>,
    /// The next ticket; apart from what nobody changes.
    next: Box<AtomicU64>,
}

struct Slot(UnsafeCell<MaybeUninit<Record>>);

// SAFETY: a slot is only touched by the thread that has changed its word to `WRITING` or
// `READING`, until it changes it again; these changes also order what was written before
// with what is read after.
unsafe impl Sync for Slot {}

/// A slot's index, and above it the turn.
type Ticket = u64;

const TURN_SHIFT: u32 = 32;

/// What is in a slot: above, the turn it was claimed in, or may be claimed in; below, one of
/// these and the kernel's id of the thread that writes (those stay below 2²²).
const FORM: u64 = 3 << 30;
const FREE: u64 = 0; // As all words begin.
const WRITING: u64 = 1 << 30;
const FULL: u64 = 2 << 30;
const READING: u64 = 3 << 30;
const WRITER: u64 = (1 << 30) - 1;

/// Turn of a word or a ticket.
fn turn(word: u64) -> u64 {
    word >> TURN_SHIFT
}

fn word(turn: u64, form: u64) -> u64 {
    turn << TURN_SHIFT | form
}

/// The word of a slot once what came in with `word` is over: different from all before.
fn freed(word: u64) -> u64 {
    self::word(turn(word) + 1, FREE)
}

/// Whether one turn is not after another; they go round, after years.
fn is_up_to(turn: u64, other: u64) -> bool {
    other.wrapping_sub(turn) & u64::from(u32::MAX) <= u64::from(u32::MAX >> 1)
}

/// The slot of a ticket.
fn index(ticket: Ticket) -> usize {
    usize::try_from(ticket & u64::from(u32::MAX)).unwrap_or(usize::MAX)
}

impl Queue {
    /// With room for so many. Slots take no memory before they are used.
    pub(super) fn new(len: u16) -> Self {
        let room = usize::from(len);
        Self {
            slots: uninit_slots(room),
            words: boxed_words(room),
            next: boxed_word(),
        }
    }

    /// Bytes that a queue of this length takes at most.
    pub(super) const fn bytes(len: u16) -> usize {
        len as usize * (size_of::<Slot>() + size_of::<AtomicU64>())
    }

    /// Whether the next record would find no place; once it is asked, there may be one.
    pub(super) fn is_full(&self) -> bool {
        // Relaxed here and below: a look that comes too late costs a record or a try.
        let next = self.next.load(Ordering::Relaxed);
        self.words
            .get(index(next))
            .is_none_or(|word| is_in_the_way(word.load(Ordering::Relaxed), next))
    }

    /// Whether there has been any record.
    pub(super) fn has_begun(&self) -> bool {
        self.next.load(Ordering::Relaxed) != 0
    }

    pub(super) fn is_half_full(&self) -> bool {
        self.is_there(self.words.len() / 2)
    }

    pub(super) fn is_quarter_full(&self) -> bool {
        self.is_there(self.words.len() / 4)
    }

    /// Whether the record handed in so many before the last one is still there.
    fn is_there(&self, before: usize) -> bool {
        let len = self.words.len();
        let next = index(self.next.load(Ordering::Relaxed));
        let word = self.words.get((next + len - before) % len.max(1));
        word.is_some_and(|word| word.load(Ordering::Relaxed) & FORM == FULL)
    }

    /// Hands a record over. Declined when there is no room.
    #[inline]
    pub(super) fn try_push(&self, record: &Record) -> bool {
        let Some((slot, word, mine)) = self.claim(record.thread_id) else {
            return false;
        };
        let bytes = offset_of!(Record, frames) + record.frames.bytes_len();
        slot.0.with_mut(|to| {
            // SAFETY: the slot is ours; the rest of it is room for frames that the copied
            // length says are not there.
            unsafe {
                ptr::copy_nonoverlapping(ptr::from_ref(record).cast::<u8>(), to.cast(), bytes)
            }
        });
        // Release pairs with the Acquire of `take`: the record is complete.
        word.store(self::word(turn(mine), FULL), Ordering::Release);
        true
    }

    /// A slot for this thread, its word, and what stands there now.
    #[inline]
    fn claim(&self, writer: u32) -> Option<(&Slot, &AtomicU64, u64)> {
        // Each try that fails is one of another thread's that did not, or a slot passed by.
        for _ in 0..=self.words.len() {
            // Acquire pairs with the Release of the ticket before: a record that its thread
            // had handed in before is seen, and not passed by.
            let ticket = self.next.load(Ordering::Acquire);
            let (slot, word) = self
                .slots
                .get(index(ticket))
                .zip(self.words.get(index(ticket)))?;
            let before = word.load(Ordering::Relaxed);
            if is_in_the_way(before, ticket) {
                return None;
            }
            if !self.try_draw(ticket) || !is_claimable(before, ticket) {
                continue;
            }
            let mine = self::word(turn(ticket), WRITING | u64::from(writer) & WRITER);
            // Acquire pairs with the Release of who freed it: it is not read any more.
            let claimed = word.compare_exchange(before, mine, Ordering::Acquire, Ordering::Relaxed);
            if claimed.is_ok() {
                return Some((slot, word, mine));
            }
        }
        None
    }

    /// Has the next one draw the ticket after this one.
    #[inline]
    fn try_draw(&self, ticket: Ticket) -> bool {
        let following = if index(ticket) + 1 < self.words.len() {
            ticket + 1
        } else {
            word(turn(ticket) + 1, 0)
        };
        // Release pairs with the Acquire of `claim` and `drain`: who sees this ticket drawn
        // sees the records that were handed in before.
        self.next
            .compare_exchange(ticket, following, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }

    /// Shows the records that are there to `see`, in order. Says whether some are half written.
    pub(super) fn drain(&self, mut see: impl FnMut(&Record)) -> bool {
        // Acquire: see `try_draw`.
        let next = self.next.load(Ordering::Acquire);
        let (earlier, later) = self.words.split_at(index(next).min(self.words.len()));
        let (slots, later_slots) = self.slots.split_at(earlier.len());
        // Those from there on were last passed one turn ago.
        let mut any_half = false;
        for (slot, word) in later_slots.iter().zip(later) {
            any_half |= slot.take(word, turn(next).wrapping_sub(1), &mut see);
        }
        for (slot, word) in slots.iter().zip(earlier) {
            any_half |= slot.take(word, turn(next), &mut see);
        }
        any_half
    }

    /// Frees the slots whose writers will never come back to them; says how many.
    pub(super) fn free_left(&self, mut is_gone: impl FnMut(u32) -> bool) -> usize {
        let is_left = |word: &&AtomicU64| {
            let before = word.load(Ordering::Relaxed);
            before & FORM == WRITING
                && u32::try_from(before & WRITER).is_ok_and(|writer| writer != 0 && is_gone(writer))
                // Nobody but the writer changes it otherwise. What it wrote last came before
                // the caller learnt that it is gone; Release hands that on.
                && word
                    .compare_exchange(before, freed(before), Ordering::AcqRel, Ordering::Relaxed)
                    .is_ok()
        };
        self.words.iter().filter(is_left).count()
    }
}

impl Slot {
    /// Shows the record that is here by its word, if it came no later than in this turn.
    /// Says whether there is half a one.
    #[inline]
    fn take(&self, word: &AtomicU64, latest: u64, see: &mut impl FnMut(&Record)) -> bool {
        let before = word.load(Ordering::Relaxed);
        if before & FORM != FULL || !is_up_to(turn(before), latest) {
            return before & FORM == WRITING;
        }
        let reading = self::word(turn(before), READING);
        // Acquire pairs with the Release of `try_push`.
        let taken = word.compare_exchange(before, reading, Ordering::Acquire, Ordering::Relaxed);
        if taken.is_err() {
            return false;
        }
        let _free = FreeAtLast(word, reading);
        let show = |record: &MaybeUninit<Record>| {
            // SAFETY: the word said that the record is complete.
            see(unsafe { record.assume_init_ref() });
        };
        // SAFETY: the slot is ours until its word is changed again.
        unsafe { self.0.with(show) };
        false
    }
}

/// Whether an earlier record is in the slot, so that there is no room for this ticket's. (One
/// that is just read is no slot to pass by: whoever did would stay one step behind the
/// reader, and leave out all that it frees.)
fn is_in_the_way(word: u64, ticket: Ticket) -> bool {
    let is_record = word & FORM == FULL || word & FORM == READING;
    is_record && turn(word) != turn(ticket) && is_up_to(turn(word), turn(ticket))
}

/// Whether a slot is free for this ticket. If not, somebody writes there since an earlier turn.
fn is_claimable(word: u64, ticket: Ticket) -> bool {
    word & FORM == FREE && is_up_to(turn(word), turn(ticket))
}

/// Frees a slot, also when whoever looks at the record panics.
struct FreeAtLast<'a>(&'a AtomicU64, u64);

impl Drop for FreeAtLast<'_> {
    fn drop(&mut self) {
        // Release pairs with the Acquire of `claim`.
        self.0.store(freed(self.1), Ordering::Release);
    }
}

fn uninit_slots(room: usize) -> Box<[Slot]> {
    let slots = Box::<[Slot]>::new_uninit_slice(room);
    // SAFETY: a slot may hold anything, nothing included.
    unsafe { slots.assume_init() }
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Role};
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    fn record(lock: u64) -> Record {
        let mut record = Record::new(Role::Acquire, Kind::Mutex, lock);
        record.frames = (lock..lock + lock % 64).collect();
        record
    }

    fn drained(queue: &Queue) -> Vec<u64> {
        let mut seen = Vec::new();
        queue.drain(|record| seen.push(record.lock));
        seen
    }

    #[test]
    fn a_full_queue_declines_and_goes_on_when_it_is_emptied() {
        let queue = Queue::new(4);
        assert!(!queue.is_full() && !queue.is_quarter_full() && !queue.has_begun());
        assert!(queue.try_push(&record(1)) && queue.has_begun());
        assert!(queue.is_quarter_full() && !queue.is_half_full());
        assert!((2..=4).all(|lock| queue.try_push(&record(lock))));
        assert!(queue.is_full() && queue.is_half_full());
        assert!(!queue.try_push(&record(5)));
        assert_eq!(drained(&queue), [1, 2, 3, 4]);
        assert!(!queue.is_full() && !queue.is_quarter_full());
        assert!((5..=7).all(|lock| queue.try_push(&record(lock))));
        assert_eq!(drained(&queue), [5, 6, 7]);
        assert_eq!(drained(&queue), []);
    }

    #[test]
    fn a_slot_left_half_written_is_passed_by_until_its_writer_is_gone() {
        const GONE: u32 = 7;
        let queue = Queue::new(4);
        assert!(queue.try_push(&record(1)));
        assert!(queue.claim(GONE).is_some());
        for turn in 0..10 {
            assert!(!queue.is_full());
            let pushed = [10, 20, 30].map(|lock| lock + turn);
            let room = 3 - usize::from(turn == 0);
            let fits = |lock: &&u64| queue.try_push(&record(**lock));
            assert_eq!(pushed.iter().take_while(fits).count(), room, "{turn}");
            let first: &[u64] = if turn == 0 { &[1] } else { &[] };
            assert_eq!(drained(&queue), [first, &pushed[..room]].concat());
        }
        assert_eq!(queue.free_left(|writer| writer != GONE), 0);
        assert_eq!(queue.free_left(|writer| writer == GONE), 1);
        assert_eq!(queue.free_left(|writer| writer == GONE), 0);
        // The slot has to come round once more.
        while !queue.try_push(&record(2)) {}
        drained(&queue);
        assert!((1..=4).all(|lock| queue.try_push(&record(lock))));
        assert_eq!(drained(&queue), [1, 2, 3, 4]);
    }

    #[test]
    fn a_queue_of_slots_left_half_written_declines_and_ends_no_thread() {
        let queue = Queue::new(4);
        while queue.claim(7).is_some() {}
        assert!(!queue.try_push(&record(1)));
        assert_eq!(drained(&queue), []);
        assert_eq!(queue.free_left(|_| true), 4);
        assert!(queue.try_push(&record(1)));
        assert_eq!(drained(&queue), [1]);
    }

    #[test]
    fn turns_go_round() {
        assert!(is_up_to(3, 3) && is_up_to(3, 4) && !is_up_to(4, 3));
        assert!(is_up_to(u32::MAX.into(), 0) && !is_up_to(0, u32::MAX.into()));
        let last = word(u32::MAX.into(), FULL);
        assert_eq!(freed(last), word(0, FREE));
        assert!(is_in_the_way(last, 5) && !is_in_the_way(last, word(u32::MAX.into(), 5)));
    }

    #[test]
    fn a_panic_over_a_record_costs_no_slot() {
        let queue = Queue::new(2);
        assert!(queue.try_push(&record(1)));
        let shown = std::panic::AssertUnwindSafe(|| queue.drain(|_| panic!("over a record")));
        assert!(std::panic::catch_unwind(shown).is_err());
        assert!((1..=2).all(|lock| queue.try_push(&record(lock))));
        assert_eq!(drained(&queue), [1, 2]);
    }

    #[test]
    fn records_of_many_threads_arrive_whole_once_and_each_threads_in_order() {
        const EACH: u64 = 20_000;
        let queue = Queue::new(64);
        let pushed = AtomicU64::new(0);
        let mut next = [0, 1, 2];
        let mut drain_once = || {
            queue.drain(|record| {
                let expected: Vec<u64> = (record.lock..record.lock + record.lock % 64).collect();
                assert_eq!(record.frames.as_slice(), expected);
                let next = &mut next[usize::try_from(record.lock % 3).unwrap()];
                assert_eq!(record.lock, *next);
                *next += 3;
            })
        };
        std::thread::scope(|scope| {
            for worker in 0..3 {
                let (queue, pushed) = (&queue, &pushed);
                scope.spawn(move || {
                    for turn in 0..EACH {
                        let lock = turn * 3 + worker;
                        while !queue.try_push(&record(lock)) {
                            std::thread::yield_now();
                        }
                        pushed.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            while pushed.load(Ordering::Relaxed) < 3 * EACH {
                drain_once();
                std::thread::yield_now();
            }
        });
        drain_once();
        assert_eq!(next, [0, 1, 2].map(|worker| worker + 3 * EACH));
    }
}
