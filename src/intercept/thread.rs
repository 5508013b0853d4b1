//! What a thread remembers between two calls, and the birth of threads.
#![allow(
    unsafe_code,
    reason = "reaches thread-local storage and forwards pthread_create"
)]

use std::cell::Cell;
use std::ffi::{c_int, c_void};

use libc::{pthread_attr_t, pthread_t};

use super::arch::{self, unwind::KnownStack};
use super::held::HeldLocks;
use super::sampler::Throttle;
use super::table::{self, Start};
use super::waiters::{self, Place};
use super::{Lock, capture, guard, openmp};
use crate::record::{Loss, Lost};
use crate::{config, record, state, sys};

/// The state of one thread. All zeros is "never seen before". No destructor:
/// threads lock until their very end.
#[repr(C)]
pub(crate) struct Thread {
    /// Acquisitions to pass by before one goes the slow way; the gates count it
    /// down at offset 0 and act when it falls below 0.
    pub(crate) countdown: Cell<i64>,
    /// Sampled locks held, and one more while the thread has not left the waiters
    /// for a lock that it has got; at offset 8: the release gate looks at it.
    pub(crate) held_len: Cell<u32>,
    /// Whether `countdown` is kept at 0 because every acquisition must be seen.
    pub(crate) watchful: Cell<bool>,
    /// The cell it waits in, counted from 1; 0 none.
    waits_in: Cell<u8>,
    /// How sure it is that a lock is waited for only shortly: 2 bits for each quarter
    /// of all locks.
    short_waits: Cell<u8>,
    /// Where the thread has come inside us; 0 while it is not (`guard`). One word, so that
    /// a signal handler always finds the place of the stay it interrupts.
    pub(super) inside_at: Cell<u64>,
    /// Acquisitions still to pass by, when `watchful`.
    pub(crate) skip: Cell<i64>,
    /// State of the random numbers.
    pub(crate) random: Cell<u64>,
    /// Acquisitions that have passed by while holds are measured: what is done for them,
    /// and for their releases, makes those holds longer.
    pub(crate) passed: Cell<u32>,
    /// The kernel's id.
    pub(crate) id: Cell<u32>,
    /// Which epoch all this belongs to.
    pub(crate) epoch: Cell<u32>,
    /// Records made, to know when to ask for the name again.
    pub(crate) records: Cell<u32>,
    /// The charge that its last wait was put down to; 0 none.
    pub(crate) blamed: Cell<u64>,
    /// When that wait ended.
    pub(crate) blamed_ns: Cell<u64>,
    /// Since when it waits, while `waits_in` says that it does.
    waits_since_ns: Cell<u64>,
    /// Keeps the cost of sampling in bounds.
    pub(crate) throttle: Throttle,
    /// The stack it was found on last.
    pub(crate) stack: KnownStack,
    /// The sampled locks it holds.
    pub(crate) held: HeldLocks,
}

// The block the linker reserves, and the offsets the gates use.
const _: () = assert!(size_of::<Thread>() <= 264);
const _: () = assert!(std::mem::offset_of!(Thread, countdown) == 0);
const _: () = assert!(std::mem::offset_of!(Thread, held_len) == 8);

impl Thread {
    /// The calling thread's.
    #[inline(always)]
    pub(crate) fn current() -> &'static Self {
        // SAFETY: the block lives as long as its thread, which is the only one
        // to use it; all its fields are cells. `'static` ends with the call chain:
        // the reference is neither stored nor sent.
        unsafe { &*arch::thread() }
    }

    /// Whether what it remembers is of this epoch.
    pub(crate) fn is_current(&self) -> bool {
        self.epoch.get() == state::epoch()
    }

    /// Starts afresh: a new thread, a forked child, or switched on again.
    #[cold]
    pub(crate) fn begin(&self, period: u32) {
        let id = sys::thread_id();
        self.id.set(id);
        // Another thread may have had this id and ended in the middle of handing in.
        record::lose_left(record::give_up_half(id));
        self.random.set(seed(id));
        self.records.set(0);
        self.held.clear();
        self.stack.clear();
        self.throttle.begin(period);
        self.blamed.set(0);
        self.waits_in.set(0);
        self.epoch.set(state::epoch());
    }

    /// Counts one acquisition as the gates do; says whether it goes the slow way. Not in
    /// a single instruction: what a signal handler counts in between may be undone.
    #[inline(always)]
    pub(crate) fn is_due(&self) -> bool {
        self.countdown.set(self.countdown.get().wrapping_sub(1));
        self.countdown.get() < 0
    }

    /// Acquisitions still to pass by before the next sampled one.
    pub(crate) fn remaining(&self) -> i64 {
        if self.watchful.get() {
            self.skip.get()
        } else {
            self.countdown.get().max(0)
        }
    }

    /// Sets how many acquisitions still pass by. While a sampled lock is held the
    /// countdown stays at 0 instead, so that every acquisition is seen: only so is
    /// it noticed that a lock was released by another thread.
    pub(crate) fn set_remaining(&self, remaining: i64) {
        let held = self.held.len();
        self.held_len
            .set(held + u32::from(self.waits_in.get() != 0));
        self.watchful.set(held != 0);
        if held == 0 {
            self.passed.set(0);
        }
        self.skip.set(remaining);
        self.countdown.set(if held == 0 { remaining } else { 0 });
    }

    /// Begins to wait for a lock; says where, and how many wait then.
    pub(super) fn join_waiters(
        &self,
        lock: Lock,
        now_ns: u64,
        chance: u64,
    ) -> Option<(Place, u32)> {
        // A wait before may have been left by `longjmp`, or its lock not be released yet.
        self.leave_waiters();
        let (place, queue) = waiters::join(lock.address, now_ns, chance)?;
        place.note_kind(lock.kind);
        self.waits_since_ns.set(place.since_ns);
        self.waits_in.set(place.cell + 1);
        Some((place, queue))
    }

    /// Whether the lock is waited for shortly as a rule, by others or by this thread:
    /// so seen once, until twice in a row it was not so.
    pub(crate) fn expects_short_waits(&self, lock: u64) -> bool {
        self.short_waits.get() >> quarter_of(lock) & 3 >= 2
    }

    /// Learns how it was now.
    pub(crate) fn learn_waits(&self, lock: u64, is_short: bool) {
        let shift = quarter_of(lock);
        let known = self.short_waits.get();
        let sure = if is_short {
            3
        } else {
            (known >> shift & 3).saturating_sub(1)
        };
        self.short_waits.set(known & !(3 << shift) | sure << shift);
    }

    /// The wait is over, but the lock is held now, and leaving its waiters takes some
    /// time: that is done after the next release, which comes to us for this.
    pub(crate) fn leave_waiters_later(&self) {
        if self.waits_in.get() != 0 {
            self.held_len.set(self.held.len() + 1);
        }
    }

    /// Whether it has not left the waiters for a lock yet.
    #[inline(always)]
    pub(crate) fn is_among_waiters(&self) -> bool {
        self.waits_in.get() != 0
    }

    /// Ends the wait, if there is one.
    pub(crate) fn leave_waiters(&self) {
        if let Some(cell) = self.waits_in.replace(0).checked_sub(1) {
            let since_ns = self.waits_since_ns.get();
            waiters::leave(Place { cell, since_ns });
            self.held_len.set(self.held.len());
        }
    }

    /// Its name, when it is time to tell it: at the 1st, 2nd, 4th, 8th, … record.
    /// Programs name their threads soon after they start, and a system call at every
    /// record would cost more than the record.
    fn news_of_name(&self) -> [u8; 16] {
        let records = self.records.get().wrapping_add(1);
        self.records.set(records);
        if records.is_power_of_two() {
            sys::thread_name()
        } else {
            [0; 16]
        }
    }
}

/// Where the two bits are that stand for a lock and a quarter of all others.
fn quarter_of(lock: u64) -> u32 {
    (lock.wrapping_mul(waiters::GOLDEN) >> 62) as u32 * 2
}

/// A start for the random numbers that differs between threads and runs.
fn seed(id: u32) -> u64 {
    let mixed = sys::monotonic_ns() ^ (u64::from(id) << 40);
    // The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (mixed ^ (mixed >> 31)) | 1
}

/// The sampling options; the defaults of a process that has none are never used,
/// since nothing is armed before the options are read.
pub(super) fn sampling() -> Option<config::Sampling> {
    config::get().map(|config| config.sampling)
}

/// What is profiled; none before the options are read.
pub(super) fn locks() -> Option<config::Locks> {
    config::get().map(|config| config.locks)
}

/// `pthread_create`: after the program's own thread has been started, so that
/// ours never takes the place of one of the program's.
pub(super) unsafe extern "C-unwind" fn create(
    id: *mut pthread_t,
    attributes: *const pthread_attr_t,
    start: Start,
    argument: *mut c_void,
    _sp: usize,
    _bp: usize,
) -> c_int {
    // SAFETY: the arguments are the caller's, unchanged.
    let real = || unsafe { table::pthread_create::real(id, attributes, start, argument) };
    if state::is_on()
        && let Some(_entered) = guard::enter()
    {
        record::prepare_for_threads();
    }
    let mut code = real();
    // There may be no more threads because of ours.
    while code == libc::EAGAIN && make_way() {
        code = real();
    }
    if code == 0
        && let Some(_entered) = guard::enter()
    {
        state::thread_started();
    }
    code
}

#[cold]
fn make_way() -> bool {
    guard::enter().is_some_and(|_entered| state::make_way())
}

/// `dlclose`: the code that is gone must not be walked through by its rules.
pub(super) unsafe extern "C-unwind" fn close(handle: *mut c_void, _sp: usize, _bp: usize) -> c_int {
    // SAFETY: the argument is the caller's, unchanged.
    let code = unsafe { table::dlclose::real(handle) };
    capture::forget_code();
    openmp::provider::forget_code();
    code
}

/// Marks the calling thread as ours for ever: its locks pass through unseen.
pub(crate) fn mark_internal() {
    let thread = Thread::current();
    guard::stay_inside(thread);
    // So that its gates stay open: it would take 2⁶² acquisitions to close one.
    thread.countdown.set(i64::MAX / 2);
}

/// The options have changed: the calling thread learns of it at its next acquisition,
/// and not when the countdown is over that was drawn by the old ones.
#[cfg_attr(test, allow(dead_code, reason = "only the C API needs it"))]
pub(crate) fn learn_at_once() {
    Thread::current().countdown.set(0);
}

/// Counts an acquisition that passes by because the thread is inside us. On our
/// own thread that is as it should be.
#[cold]
pub(super) fn lose_while_inside() {
    let thread = Thread::current();
    if thread.is_current() {
        let weight = if thread.watchful.get() {
            1
        } else {
            thread.throttle.weight.get().max(1)
        };
        record::lose(
            Loss::WhileInside,
            Lost::Acquisitions,
            f64::from(weight),
            0.0,
        );
    }
}

/// Counts a wait that is not measured because the thread is inside us.
#[cold]
pub(super) fn lose_wait_while_inside() {
    if Thread::current().is_current() {
        record::lose(Loss::WhileInside, Lost::Waits, 1.0, 0.0);
    }
}

/// Hands in a record with this thread's identity on it; says whether there was room.
/// If not, it is counted as lost.
pub(super) fn hand_in(thread: &Thread, record: &mut record::Record) -> bool {
    record.thread_id = thread.id.get();
    record.pthread_id = sys::pthread_id();
    record.thread_name = thread.news_of_name();
    let is_pushed = push(record);
    if !is_pushed {
        record::lose_record(Loss::QueueFull, record);
        if record.thread_name != [0; 16] {
            // The name was lost with it: tell it with the next one.
            thread.records.set(0);
        }
    }
    is_pushed
}

/// Tries before a record is given up though room may still be made: about a
/// second, should a full disk or a debugger hold our thread up.
const PUSH_TRIES: u32 = 10_000;

/// Hands a record over; declined when there is no room and none can be made.
pub(super) fn push(record: &record::Record) -> bool {
    for _ in 0..PUSH_TRIES {
        if record::try_push(record) {
            return true;
        }
        if !state::make_room() {
            return false;
        }
    }
    false
}
