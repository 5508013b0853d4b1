//! A wait for a lock that is taken: how long, and who is to blame.

use std::ffi::c_int;

use super::thread::Thread;
use super::visit::Visit;
use super::waiters::{Blame, LONG_NS, Place};
use super::{Acquisition, Lock, Outcome, Sampled, end, sampler, since_ns, thread};
use crate::record::{self, Record, Role};
use crate::sys;

/// Ends a wait in its lock's cell when the thread is cancelled in it.
pub(super) struct Leaving(pub(super) &'static Thread);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.leave_waiters();
    }
}

/// What is known of a wait when it begins.
struct Begun {
    /// When the lock was asked for.
    begin_ns: u64,
    /// The kernel's id of the thread that holds it; 0 unknown.
    owner: u32,
    /// By which it is decided whether the wait is kept.
    chance: u64,
    /// Where it waits, and how many do then.
    joined: Option<(Place, u32)>,
    /// A record with the stack, if that was taken already.
    record: Option<Record>,
}

/// The lock is taken: waits for it, outside us, and measures how long.
///
/// Whether a wait is kept depends on its length. Where a long one is to be expected,
/// its stack is taken before: the lock is held by another meanwhile. Where waits are
/// short it is taken after, with the lock held, of the few that are kept: so on
/// average it lengthens the critical section by (time of a capture)/T of the wait.
pub(super) fn wait(
    visit: Visit,
    call: &impl Acquisition,
    lock: Lock,
    mut sampled: Option<&mut Sampled>,
) -> c_int {
    let begun = Begun::new(&visit, call, lock, sampled.is_some());
    let thread = visit.thread();
    let leaving = Leaving(thread);
    let (code, visit) = visit.outside(|| call.wait());
    std::mem::forget(leaving);
    let end_ns = sys::monotonic_ns();
    let wait_ns = (end_ns - begun.begin_ns).saturating_sub(sys::clock_cost_ns());
    let Some(visit) = visit else {
        thread.leave_waiters();
        return code;
    };
    let sampling = visit.sampling;
    let outcome = call.outcome(code);
    thread.learn_waits(lock.address, wait_ns < LONG_NS);
    let is_released_soon = outcome == Outcome::Acquired && call.is_released_by_taker();
    if is_released_soon && wait_ns < LONG_NS {
        thread.leave_waiters_later();
    } else {
        thread.leave_waiters();
    }
    if let Some(sampled) = &mut sampled {
        sampled.wait_ns = wait_ns;
    }
    let full_ns = thread.throttle.stretch(sampling.wait_ns, sampling.period);
    // A wait that is kept in any case brings its acquisition and its hold with it.
    let by_length = outcome == Outcome::Acquired && wait_ns >= full_ns;
    if outcome.has_waited() {
        record::count_wait(thread.id.get(), lock.kind, wait_ns);
        let waits = sampler::wait_weight(begun.chance, wait_ns, full_ns);
        if waits > 0.0 {
            // Without a stack that record is not handed in; then there is perhaps room now.
            let own = sampled.as_deref_mut();
            let own = own.filter(|sampled| sampled.is_captured || sampled.is_left_out);
            let own = own.map(|sampled| &mut sampled.record);
            begun.keep(
                &visit,
                call,
                lock,
                own,
                &Kept {
                    outcome,
                    wait_ns,
                    waits,
                    end_ns,
                    by_length,
                },
            );
        }
    }
    end(&visit, call, sampled, outcome, by_length);
    code
}

/// A wait that is over and kept.
struct Kept {
    outcome: Outcome,
    wait_ns: u64,
    /// How many waits it stands for.
    waits: f64,
    end_ns: u64,
    /// Whether its acquisition is counted with it, for itself alone.
    by_length: bool,
}

/// What a record tells of a wait.
pub(super) struct Told {
    pub(super) wait_ns: u64,
    /// How many waits it stands for.
    pub(super) waits: f64,
    /// The kernel's id of the thread that held the lock; 0 unknown.
    pub(super) blocker: u32,
    /// The charge it is put down to; 0 unknown.
    pub(super) charge: u64,
    /// How many waited at once.
    pub(super) queue: u32,
}

impl Told {
    #[inline(always)]
    pub(super) fn put_on(&self, record: &mut Record) {
        record.duration_ns = self.wait_ns;
        record.wait_weight = self.waits;
        record.blocker = self.blocker;
        record.charge = self.charge;
        record.queue = self.queue;
    }
}

/// What an early stack is taken to cost; it is taken before the clock is of use.
const EARLY_NS: u64 = 300;

impl Begun {
    fn new(visit: &Visit, call: &impl Acquisition, lock: Lock, is_sampled: bool) -> Self {
        let owner = call.owner();
        let begin_ns = sys::monotonic_ns();
        let thread = visit.thread();
        let chance = sampler::random(&thread.random);
        let joined = thread.join_waiters(lock, begin_ns, chance);
        let is_early = !is_sampled && !thread.expects_short_waits(lock.address);
        Self {
            begin_ns,
            owner,
            chance,
            joined,
            record: is_early.then(|| visit.capture_early(lock)).flatten(),
        }
    }

    /// Puts the wait on the record of its acquisition, if that is sampled itself, or
    /// hands it in on one of its own.
    #[cold]
    #[inline(never)]
    fn keep(
        mut self,
        visit: &Visit,
        call: &impl Acquisition,
        lock: Lock,
        of_acquisition: Option<&mut Record>,
        kept: &Kept,
    ) {
        let thread = visit.thread();
        let turn = thread.records.get();
        let place = self.joined.map(|(place, _)| place);
        let blame = place.map_or(Blame::default(), |place| place.blame(turn));
        thread.blamed.set(blame.charge);
        thread.blamed_ns.set(kept.end_ns);
        let told = Told {
            wait_ns: kept.wait_ns,
            waits: kept.waits,
            blocker: if self.owner == 0 {
                blame.holder
            } else {
                self.owner
            },
            charge: blame.charge,
            queue: self.joined.map_or(0, |(_, queue)| queue),
        };
        if let Some(record) = of_acquisition {
            told.put_on(record);
            return;
        }
        let is_early = self.record.is_some();
        let mut late = Record::new(Role::Acquire, lock.kind, lock.address);
        let record = self.record.as_mut().unwrap_or(&mut late);
        told.put_on(record);
        record.error = kept.outcome.error();
        record.depth = if record.error == 0 { call.depth() } else { 1 };
        record.weight = if kept.by_length { 1.0 } else { 0.0 };
        record.since_ns = since_ns(call, kept.end_ns);
        if !is_early && !visit.try_capture(record) {
            return;
        }
        thread::hand_in(thread, record);
        let early_ns = if is_early { EARLY_NS } else { 0 };
        let now_ns = sys::monotonic_ns();
        visit.book(now_ns - kept.end_ns + early_ns, 0, now_ns);
    }
}
