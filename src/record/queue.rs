//! A bounded queue of records that moves no more bytes than a record has.
//!
//! Records lie in slots; what goes through the queues of crossbeam is the number
//! of a slot. Whoever has taken a number from a queue owns its slot until the
//! number goes into the other one.
#![allow(unsafe_code, reason = "whoever has a slot's number owns the slot")]

use std::mem::{MaybeUninit, offset_of};
use std::ptr;

use crossbeam_queue::ArrayQueue;

use super::Record;
use crate::atomic::UnsafeCell;

/// The queue.
pub(super) struct Queue {
    slots: Box<[Slot]>,
    free: ArrayQueue<u16>,
    full: ArrayQueue<u16>,
}

struct Slot(UnsafeCell<MaybeUninit<Record>>);

// SAFETY: a slot is only touched by the owner of its number, and the queues that
// hand the numbers on also order what was written before with what is read after.
unsafe impl Sync for Slot {}

impl Queue {
    /// With room for so many. Slots take no memory before they are used.
    pub(super) fn new(len: u16) -> Self {
        let room = usize::from(len);
        let free = ArrayQueue::new(room);
        for slot in 0..len {
            // There is room for all of them.
            let _ = free.push(slot);
        }
        Self {
            slots: uninit_slots(room),
            free,
            full: ArrayQueue::new(room),
        }
    }

    /// Bytes that a queue of this length takes at most.
    pub(super) const fn bytes(len: u16) -> usize {
        len as usize * (size_of::<Slot>() + 2 * size_of::<(usize, u16)>())
    }

    pub(super) fn is_full(&self) -> bool {
        self.free.is_empty()
    }

    pub(super) fn is_half_full(&self) -> bool {
        self.full.len() >= self.slots.len() / 2
    }

    pub(super) fn is_quarter_full(&self) -> bool {
        self.full.len() >= self.slots.len() / 4
    }

    /// Hands a record over. Declined when there is no room.
    #[inline]
    pub(super) fn try_push(&self, record: &Record) -> bool {
        let Some(number) = self.free.pop() else {
            return false;
        };
        let Some(slot) = self.slots.get(usize::from(number)) else {
            return false;
        };
        let bytes = offset_of!(Record, frames) + record.frames.bytes_len();
        slot.0.with_mut(|to| {
            // SAFETY: the number is ours; the rest of the slot is room for frames that
            // the copied length says are not there.
            unsafe {
                ptr::copy_nonoverlapping(ptr::from_ref(record).cast::<u8>(), to.cast(), bytes)
            }
        });
        // It holds as many numbers as there are.
        self.full.push(number).is_ok()
    }

    /// Shows the next record to `see`; says whether there was one.
    pub(super) fn take(&self, see: impl FnOnce(&Record)) -> bool {
        let Some(number) = self.full.pop() else {
            return false;
        };
        if let Some(slot) = self.slots.get(usize::from(number)) {
            let show = |record: &MaybeUninit<Record>| {
                // SAFETY: the number was pushed behind a complete record.
                see(unsafe { record.assume_init_ref() });
            };
            // SAFETY: the number is ours until it is pushed below.
            unsafe { slot.0.with(show) };
        }
        self.free.push(number).is_ok()
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

    #[test]
    fn a_full_queue_declines_and_goes_on_when_it_is_emptied() {
        let queue = Queue::new(4);
        assert!((1..=4).all(|lock| queue.try_push(&record(lock))));
        assert!(queue.is_full() && queue.is_half_full());
        assert!(!queue.try_push(&record(5)));
        let mut seen = 0;
        assert!(queue.take(|record| seen = record.lock));
        assert_eq!(seen, 1);
        assert!(queue.try_push(&record(5)));
        while queue.take(|record| seen = record.lock) {}
        assert_eq!(seen, 5);
        assert!(!queue.is_half_full());
    }

    #[test]
    fn records_of_many_threads_arrive_whole_and_once() {
        const EACH: u64 = 20_000;
        let queue = Queue::new(64);
        let (pushed, taken) = (AtomicU64::new(0), AtomicU64::new(0));
        let take_one = || {
            queue.take(|record| {
                let expected: Vec<u64> = (record.lock..record.lock + record.lock % 64).collect();
                assert_eq!(record.frames.as_slice(), expected);
                taken.fetch_add(record.lock, Ordering::Relaxed);
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
            for _ in 0..2 {
                scope.spawn(|| {
                    while take_one() || pushed.load(Ordering::Relaxed) < 3 * EACH {
                        std::thread::yield_now();
                    }
                });
            }
        });
        while take_one() {}
        assert_eq!(taken.into_inner(), (0..3 * EACH).sum::<u64>());
    }
}
