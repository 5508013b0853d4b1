//! Sync waits: for another thread, but not for a lock. How long, and who ended them.
//!
//! They are kept as waits for locks are, in proportion to their length. Whoever ends
//! them (signals a condition, comes last to a barrier) finds who waits in the cell of
//! the object (`waiters.rs`), leaves the number of its record there before it wakes
//! anybody, and takes its stack afterwards.

use std::ffi::c_int;
use std::sync::atomic::{AtomicU8, Ordering};

use super::capture::Caller;
use super::visit::Visit;
use super::wait::Leaving;
use super::waiters::{self, Blame, LONG_NS, Place, WAKE_UP_NS};
use super::{Lock, sampler, thread};
use crate::record::{self, Loss, Lost, Record, Role};
use crate::sys;

/// What an early stack is taken to cost.
const EARLY_NS: u64 = 300;
/// How sure it is that the objects of one place in this table are waited for only
/// shortly: 3 when just seen so, less for each time since that it was not. Threads
/// have no room for it, and share it gladly: it is written only when it changes.
static SHORT: [AtomicU8; 256] = [const { AtomicU8::new(0) }; 256];

fn shortness(object: u64) -> Option<&'static AtomicU8> {
    SHORT.get((object.wrapping_mul(waiters::GOLDEN) >> 56) as usize)
}

fn expects_short_waits(object: u64) -> bool {
    shortness(object).is_some_and(|known| known.load(Ordering::Relaxed) >= 2)
}

fn learn_waits(object: u64, is_short: bool) {
    let Some(known) = shortness(object) else {
        return;
    };
    let before = known.load(Ordering::Relaxed);
    let now = if is_short {
        3
    } else {
        before.saturating_sub(1)
    };
    if now != before {
        known.store(now, Ordering::Relaxed);
    }
}

/// How a sync wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// By what was waited for.
    Woken,
    /// It ran out of time.
    TimedOut,
    /// A signal handler ran.
    Interrupted,
    /// It was none: the call was refused.
    Refused,
}

impl Ended {
    /// What a code of POSIX means: 0, or why not.
    pub(super) fn of(code: c_int) -> Self {
        match code {
            0 => Self::Woken,
            libc::ETIMEDOUT => Self::TimedOut,
            _ => Self::Refused,
        }
    }

    /// 0, or why it ended without what was waited for.
    fn error(self) -> c_int {
        match self {
            Self::Woken | Self::Refused => 0,
            Self::TimedOut => libc::ETIMEDOUT,
            Self::Interrupted => libc::EINTR,
        }
    }
}

/// How whoever ends a wait can be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waker {
    /// Not at all.
    Unknown,
    /// It leaves its number in the cell of the object before it wakes anybody.
    InCell,
    /// It cannot do so in time: it will use this number.
    Numbered(u64),
}

/// A sync wait that is about to begin, or under way.
pub(super) struct Waiting {
    object: Lock,
    begin_ns: u64,
    /// By which it is decided whether it is kept.
    chance: u64,
    /// Where it waits, and how many do then; none where nobody will look.
    joined: Option<(Place, u32)>,
    waker: Waker,
    /// Ends that when the thread is cancelled in the wait.
    _leaving: Leaving,
}

impl Waiting {
    /// Begins one.
    pub(super) fn begin(visit: &Visit, object: Lock, waker: Waker) -> Self {
        let thread = visit.thread();
        let chance = sampler::random(&thread.random);
        let begin_ns = sys::monotonic_ns();
        let join = || thread.join_waiters(object, begin_ns, chance);
        Self {
            object,
            begin_ns,
            chance,
            joined: (waker == Waker::InCell).then(join).flatten(),
            waker,
            _leaving: Leaving(thread),
        }
    }

    /// What became of it, if it was in a condition whose waiters want a mutex back.
    pub(super) fn retaking(&self) -> Option<waiters::Retaking> {
        self.joined.and_then(|(place, _)| place.retaking())
    }

    /// Says which mutex that is.
    pub(super) fn note_mutex(&self, mutex: Lock) {
        if let Some((place, _)) = self.joined {
            place.note_mutex(mutex.address, mutex.kind);
        }
    }

    /// So much of the end of it was none.
    pub(super) fn shorten(&mut self, by_ns: u64) {
        self.begin_ns += by_ns;
    }

    /// What it is for, where that is known only afterwards: nobody may wait in its cell.
    pub(super) fn is_for(&mut self, address: u64) {
        self.object.address = address;
    }

    /// The stack, where the wait is expected to be long: then taking it does not count,
    /// and what follows the wait (often a critical section) does not wait for it.
    /// Where waits are short it is taken afterwards, of the few that are kept.
    pub(super) fn capture_early(&self, visit: &Visit, record: &mut Record) {
        if !expects_short_waits(self.object.address) {
            visit.capture_into(record);
        }
    }

    /// It is over since `end_ns`: counts it, and hands it in, on this record, if it is
    /// kept. (One record for all that is told of a call: stacks may be small.)
    pub(super) fn end(self, visit: &Visit, end_ns: u64, ended: Ended, record: &mut Record) {
        if ended == Ended::Refused {
            // No stack was needed, so it is better taken afterwards.
            learn_waits(self.object.address, true);
            return;
        }
        let thread = visit.thread();
        let wait_ns = (end_ns - self.begin_ns).saturating_sub(sys::clock_cost_ns());
        learn_waits(self.object.address, wait_ns < LONG_NS);
        record::count_wait(thread.id.get(), self.object.kind, wait_ns);
        let sampling = &visit.sampling;
        let full_ns = thread.throttle.stretch(sampling.wait_ns, sampling.period);
        let waits = sampler::wait_weight(self.chance, wait_ns, full_ns);
        if waits > 0.0 {
            self.keep(visit, (end_ns, wait_ns, waits), ended, record);
        }
    }

    #[cold]
    #[inline(never)]
    fn keep(
        self,
        visit: &Visit,
        (end_ns, wait_ns, waits): (u64, u64, f64),
        ended: Ended,
        record: &mut Record,
    ) {
        let thread = visit.thread();
        let is_early = !record.frames.is_empty();
        let blame = match (ended, self.joined, self.waker) {
            (Ended::Woken, Some((place, _)), _) => place.woken(),
            (Ended::Woken, None, Waker::Numbered(charge)) => Blame { charge, holder: 0 },
            _ => Blame::default(),
        };
        if blame.charge != 0 {
            thread.blamed.set(blame.charge);
            thread.blamed_ns.set(end_ns);
        }
        (record.role, record.kind) = (Role::Sync, self.object.kind);
        record.lock = self.object.address;
        record.duration_ns = wait_ns;
        record.weight = 0.0;
        record.wait_weight = waits;
        record.blocker = blame.holder;
        record.charge = blame.charge;
        record.queue = self.joined.map_or(0, |(_, queue)| queue);
        record.depth = 1;
        record.error = ended.error();
        if !is_early && !visit.try_capture(record) {
            return;
        }
        thread::hand_in(thread, record);
        let early_ns = if is_early { EARLY_NS } else { 0 };
        let now_ns = sys::monotonic_ns();
        visit.book(now_ns - end_ns + early_ns, 0, now_ns);
    }
}

/// Counts a sync wait that is not measured because the thread is inside us.
#[cold]
pub(super) fn lose_while_inside() {
    record::lose(Loss::WhileInside, Lost::SyncWaits, 1.0, 0.0);
}

/// A whole sync wait around a call, outside us.
pub(super) fn wait(
    visit: Visit,
    object: Lock,
    waker: Waker,
    real: impl FnOnce() -> c_int,
    ended: impl FnOnce(c_int) -> Ended,
) -> c_int {
    let waiting = Waiting::begin(&visit, object, waker);
    let mut record = Record::new(Role::Sync, object.kind, object.address);
    waiting.capture_early(&visit, &mut record);
    let caller = visit.caller;
    drop(visit);
    let code = real();
    let end_ns = sys::monotonic_ns();
    if let Some(visit) = Visit::begin(caller) {
        waiting.end(&visit, end_ns, ended(code), &mut record);
    } else {
        lose_while_inside();
    }
    code
}

/// Somebody is about to end waits, and will be told of.
pub(super) struct Waking {
    pub(super) object: Lock,
    pub(super) number: u64,
    pub(super) queue: u32,
    /// Since when they waited for it alone.
    pub(super) begin_ns: u64,
}

impl Waking {
    /// Before anybody is woken, `most` threads at most; none when nobody waits, or it is not kept: where a wait
    /// of the waiters' mean length would not be. (It has no weight, so to keep too many
    /// makes nothing wrong.)
    pub(super) fn begin(visit: &Visit, object: Lock, most: u32) -> Option<Self> {
        let thread = visit.thread();
        if !waiters::are_asleep(object.address) {
            return None;
        }
        let charge = waiters::wake(object.address, thread.id.get(), sys::monotonic_ns(), most)?;
        let sampling = &visit.sampling;
        let full_ns = thread.throttle.stretch(sampling.wait_ns, sampling.period);
        let wait_ns = charge.mean_ns() + WAKE_UP_NS;
        if sampler::wait_weight(charge.chance, wait_ns, full_ns) <= 0.0 {
            return None;
        }
        let number = sampler::random(&thread.random);
        charge.keep(number);
        Some(Self {
            object,
            number,
            queue: charge.queue,
            begin_ns: charge.end_ns,
        })
    }

    /// After they were: hands in the caller's stack.
    pub(super) fn tell(self, visit: &Visit) {
        let thread = visit.thread();
        let mut record = Record::new(Role::Wake, self.object.kind, self.object.address);
        record.charge = self.number;
        record.queue = self.queue;
        let is_cause = thread.blamed_ns.get() > self.begin_ns;
        record.cause = if is_cause { thread.blamed.get() } else { 0 };
        let begin_ns = sys::monotonic_ns();
        if visit.try_capture(&mut record) {
            thread::hand_in(thread, &mut record);
        }
        let now_ns = sys::monotonic_ns();
        visit.book(now_ns - begin_ns, 0, now_ns);
    }
}

/// A call that ends the waits of `most` threads at most, outside us.
#[cold]
#[inline(never)]
pub(super) fn wake(object: Lock, most: u32, caller: Caller, real: impl FnOnce() -> c_int) -> c_int {
    let Some(visit) = Visit::begin(caller) else {
        return real();
    };
    let waking = Waking::begin(&visit, object, most);
    let (code, visit) = visit.outside(real);
    if let (Some(waking), Some(visit)) = (waking, visit) {
        waking.tell(&visit);
    }
    code
}
