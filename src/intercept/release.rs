//! A release: the end of a hold, and what its holder made others wait.

use std::ffi::c_int;

use super::held::Held;
use super::visit::Visit;
use super::waiters::{self, Charge};
use super::{Lock, sampler, thread};
use crate::record::{Record, Role};
use crate::sys;

/// What a release tells of, if anything.
pub(super) struct Told {
    /// The hold that ends, if its acquisition was sampled.
    held: Option<Held>,
    /// The waiting it is to blame for, if that was kept.
    kept: Option<Kept>,
    /// Right before the release.
    end_ns: u64,
}

/// A charge that was kept.
struct Kept {
    charge: Charge,
    number: u64,
    /// How many such charges it stands for.
    weight: f64,
}

/// A release that may have something to tell: by a thread that holds some sampled
/// lock, or of a lock that somebody may wait for. `depth` is how deep it is held.
/// The lock is not touched after `real` has returned: it may have been freed by
/// its next owner.
pub(super) fn release(
    visit: &Visit,
    lock: Lock,
    depth: u32,
    real: impl FnOnce() -> c_int,
) -> c_int {
    let Some(told) = begin_release(visit, lock, depth) else {
        return real();
    };
    let code = real();
    if code == 0 {
        end_release(visit, lock, depth, &told);
    }
    code
}

/// What is to be told of the release that follows; none when nothing is.
pub(super) fn begin_release(visit: &Visit, lock: Lock, depth: u32) -> Option<Told> {
    let held = visit.thread().held.find(lock.address, depth);
    let is_last = depth <= 1;
    if held.is_none() && !(is_last && waiters::are_there(lock.address)) {
        return None;
    }
    let end_ns = sys::monotonic_ns();
    let kept = is_last.then(|| keep_charge(visit, lock, end_ns)).flatten();
    (held.is_some() || kept.is_some()).then_some(Told { held, kept, end_ns })
}

/// Charges this thread with the waiting for a lock it is about to release. Kept as
/// waits are: in proportion to its length, the longest always.
fn keep_charge(visit: &Visit, lock: Lock, now_ns: u64) -> Option<Kept> {
    let thread = visit.thread();
    let chance = sampler::random(&thread.random);
    let charge = waiters::charge(lock.address, thread.id.get(), now_ns, chance)?;
    let sampling = &visit.sampling;
    let full_ns = thread.throttle.stretch(sampling.wait_ns, sampling.period);
    let weight = sampler::wait_weight(charge.chance, charge.blocked_ns, full_ns);
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

/// Hands in what there is to tell, after the release, at the caller's stack.
pub(super) fn end_release(visit: &Visit, lock: Lock, depth: u32, told: &Told) {
    let thread = visit.thread();
    let mut record = Record::new(Role::Release, lock.kind, lock.address);
    let mut events = 0.0;
    if let Some(held) = told.held {
        thread.held.remove(lock.address, depth);
        thread.set_remaining(thread.remaining());
        record.weight = f64::from(held.weight);
        record.depth = held.depth;
        if held.depth == 1 {
            record.duration_ns = told.end_ns.saturating_sub(held.since_ns);
        }
        events = record.weight;
    }
    if let Some(kept) = &told.kept {
        let charge = &kept.charge;
        record.charge = kept.number;
        record.blocked_ns = charge.blocked_ns;
        record.blocked_weight = kept.weight;
        record.queue = charge.queue;
        // Whoever waited for us while we ourselves waited, waited for our holder.
        let is_cause = thread.blamed_ns.get() > charge.end_ns.saturating_sub(charge.blocked_ns);
        record.cause = if is_cause { thread.blamed.get() } else { 0 };
        events = kept.weight.max(events);
    }
    if visit.try_capture(&mut record, events) {
        thread::hand_in(thread, &mut record);
    }
    if told.kept.is_some() {
        let now_ns = sys::monotonic_ns();
        visit.book(now_ns - told.end_ns, 0, now_ns);
    }
}
