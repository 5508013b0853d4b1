//! A release: the end of a hold, and what its holder made others wait.
//!
//! Before the real release hardly anything is done but to look at the clock, and that
//! only when a hold is measured. In particular nobody looks at who waits, while waits
//! are short: their cell lies in another processor's cache, and who has just begun to
//! wait would meanwhile go to sleep, at fifty times the cost. (Measured: two threads
//! that fight in sections of 30 ns slept ten times as often.) But waiters that have
//! slept for long may be gone by the time we look after the release; then it is done
//! before, for less than half a per cent of their wait. Which of the two, a thread
//! learns from the last charges for a lock.

use std::ffi::c_int;

use super::held::Held;
use super::passing::Releasing;
use super::visit::Visit;
use super::waiters::{self, Charge, LONG_NS};
use super::{Lock, own_cost, sampler, thread, uses};
use crate::record::{Kind, Record, Role};
use crate::sys;

/// A release that is about to happen.
pub(super) struct Ending {
    depth: u32,
    /// The hold that ends, if its acquisition was sampled, and how long it was.
    held: Option<(Held, u64)>,
    /// Whether waiters are still to be looked for.
    charge_later: bool,
    kept: Option<Kept>,
}

/// A charge that was kept.
struct Kept {
    charge: Charge,
    number: u64,
    /// How many such charges it stands for.
    weight: f64,
}

/// A release that may have something to tell: by a thread that holds some sampled
/// lock, or of a lock that somebody may wait for (`is_wanted`). `depth` is how deep
/// it is held. The lock is not touched after `real` has returned: it may have been freed by
/// its next owner.
pub(super) fn release(
    releasing: &Releasing,
    lock: Lock,
    depth: u32,
    is_wanted: bool,
    real: impl FnOnce() -> c_int,
) -> c_int {
    let Releasing { visit, begin_ns } = releasing;
    let ending = Ending::of(visit, lock, depth, is_wanted, *begin_ns);
    let code = real();
    if code == 0 {
        ending.tell(visit, lock);
    }
    code
}

impl Ending {
    /// Right before the release, which began at `begin_ns`.
    pub(super) fn of(
        visit: &Visit,
        lock: Lock,
        depth: u32,
        is_wanted: bool,
        begin_ns: u64,
    ) -> Self {
        let thread = visit.thread();
        let is_semaphore = lock.kind == Kind::Semaphore;
        // Each post lets somebody in.
        let is_charged = is_wanted && (depth <= 1 || is_semaphore);
        // No section becomes longer by what is done before the post of an event.
        let is_section = !is_semaphore || uses::of(lock.address).is_lock();
        let charge_later = is_charged && is_section && thread.expects_short_waits(lock.address);
        let charge_now = is_charged && !charge_later;
        let kept = charge_now.then(|| keep_charge(visit, lock)).flatten();
        let held = thread.held.find(lock.address, depth);
        Self {
            depth,
            held: held.map(|held| (held, own_cost::hold_ns(thread, held, begin_ns))),
            charge_later,
            kept,
        }
    }

    /// Right after it: hands in what there is to tell, at the caller's stack.
    pub(super) fn tell(self, visit: &Visit, lock: Lock) {
        let thread = visit.thread();
        thread.leave_waiters();
        let kept = if self.charge_later {
            keep_charge(visit, lock)
        } else {
            self.kept
        };
        if self.held.is_none() && kept.is_none() {
            return;
        }
        let mut record = Record::new(Role::Release, lock.kind, lock.address);
        if let Some((held, hold_ns)) = self.held {
            thread.held.remove(lock.address, self.depth);
            thread.set_remaining(thread.remaining());
            record.depth = held.depth();
            if held.depth == 1 {
                record.duration_ns = hold_ns;
            }
            record.weight = visit.hold_weight(held, record.duration_ns);
            if record.weight <= 0.0 && kept.is_none() {
                // Its acquisition was told of: without a stack, that this is over.
                thread::hand_in(thread, &mut record);
                return;
            }
        }
        if let Some(kept) = &kept {
            let charge = &kept.charge;
            record.charge = kept.number;
            record.blocked_ns = charge.blocked_ns;
            record.blocked_weight = kept.weight;
            record.queue = charge.queue;
            // Whoever waited for us while we ourselves waited, waited for our holder.
            let since_ns = charge.end_ns.saturating_sub(charge.wanted_ns);
            let is_cause = thread.blamed_ns.get() > since_ns;
            record.cause = if is_cause { thread.blamed.get() } else { 0 };
        }
        if visit.try_capture(&mut record) {
            thread::hand_in(thread, &mut record);
        } else if self.held.is_some() && visit.is_left_out() {
            // Its acquisition may have been told of, in another place.
            record.weight = 0.0;
            thread::hand_in(thread, &mut record);
        }
        // What a sample stands for was booked with its acquisition.
        let begin_ns = match (kept, self.held) {
            (Some(kept), _) => Some(kept.charge.end_ns),
            (None, Some((held, end_ns))) => held.by_length.then_some(end_ns),
            (None, None) => None,
        };
        if let Some(begin_ns) = begin_ns {
            let now_ns = sys::monotonic_ns();
            visit.book(now_ns - begin_ns, 0, now_ns);
        }
    }
}

/// Charges this thread with the waiting for a lock that it releases. Kept as waits
/// are: in proportion to its length, the longest always.
fn keep_charge(visit: &Visit, lock: Lock) -> Option<Kept> {
    if !waiters::are_there(lock.address) {
        return None;
    }
    let thread = visit.thread();
    let Some(charge) = waiters::charge(lock.address, thread.id.get(), sys::monotonic_ns()) else {
        // Somebody was just woken to take it, and does not wait yet.
        thread.learn_waits(lock.address, true);
        return None;
    };
    thread.learn_waits(lock.address, charge.mean_ns() < LONG_NS);
    let sampling = &visit.sampling;
    let full_ns = thread.throttle.stretch(sampling.wait_ns, sampling.period);
    let weight = sampler::wait_weight(charge.chance, charge.wanted_ns, full_ns);
    if weight <= 0.0 {
        return None;
    }
    let number = sampler::random(&thread.random);
    charge.keep(number);
    Some(Kept {
        charge,
        number,
        weight,
    })
}
