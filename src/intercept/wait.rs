//! A wait for a lock that is taken: how long, and who is to blame.

use std::ffi::c_int;

use super::thread::Thread;
use super::visit::Visit;
use super::waiters::{Blame, Place};
use super::{Acquisition, Lock, Outcome, Sampled, sampler, thread};
use crate::record::{self, Record, Role};
use crate::sys;

/// Ends a wait in its lock's cell, also when the thread is cancelled in it.
struct Leaving(&'static Thread);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.leave_waiters();
    }
}

/// The lock is taken: waits for it, outside us, and measures how long.
///
/// Whether a wait is kept depends on its length, so its stack can only be taken
/// now, with the lock held, unless the acquisition itself was sampled. That
/// happens with probability wait/T, so on average it lengthens the critical
/// section by (time of a capture)/T of the wait just suffered.
pub(super) fn wait(
    visit: Visit,
    call: &impl Acquisition,
    lock: Lock,
    mut sampled: Option<&mut Sampled>,
) -> c_int {
    let Visit {
        entered,
        sampling,
        caller,
    } = visit;
    let owner = call.owner();
    let begin_ns = sys::monotonic_ns();
    let joined = entered.thread().join_waiters(lock.address, begin_ns);
    let leaving = Leaving(entered.thread());
    let (code, entered) = entered.outside(|| call.wait());
    let end_ns = sys::monotonic_ns();
    let wait_ns = end_ns - begin_ns;
    let Some(entered) = entered else { return code };
    let visit = Visit {
        entered,
        sampling,
        caller,
    };
    let outcome = call.outcome(code);
    if let Some(sampled) = &mut sampled {
        sampled.wait_ns = wait_ns;
    }
    if outcome.has_waited() {
        let thread = visit.thread();
        record::count_wait(thread.id.get(), lock.kind, wait_ns);
        let full_ns = thread.throttle.stretch(sampling.wait_ns, sampling.period);
        let place = joined.map(|(place, _)| place);
        let random = || sampler::random(&thread.random);
        let chance = place.and_then(Place::chance).unwrap_or_else(random);
        let waits = sampler::wait_weight(chance, wait_ns, full_ns);
        if waits > 0.0 {
            let blame = place.map_or(Blame::default(), |place| place.blame(thread.records.get()));
            thread.blamed.set(blame.charge);
            thread.blamed_ns.set(end_ns);
            let put = |record: &mut Record| {
                record.duration_ns = wait_ns;
                record.wait_weight = waits;
                record.blocker = if owner == 0 { blame.holder } else { owner };
                record.charge = blame.charge;
                record.queue = joined.map_or(0, |(_, queue)| queue);
            };
            match &mut sampled {
                Some(sampled) => put(&mut sampled.record),
                None => hand_in_wait(&visit, call, lock, outcome, end_ns, waits, put),
            }
        }
    }
    drop(leaving);
    match sampled {
        Some(sampled) => sampled.end(&visit, call, outcome),
        None if outcome == Outcome::Acquired => visit.end_stale_hold(lock, call.depth()),
        None => {}
    }
    code
}

/// Hands in a wait of an acquisition that was not sampled itself.
#[cold]
#[inline(never)]
fn hand_in_wait(
    visit: &Visit,
    call: &impl Acquisition,
    lock: Lock,
    outcome: Outcome,
    end_ns: u64,
    waits: f64,
    put: impl FnOnce(&mut Record),
) {
    let mut record = Record::new(Role::Acquire, lock.kind, lock.address);
    if visit.try_capture(&mut record, waits) {
        put(&mut record);
        record.error = outcome.error();
        record.depth = if record.error == 0 { call.depth() } else { 1 };
        thread::hand_in(visit.thread(), &mut record);
        let now_ns = sys::monotonic_ns();
        visit.book(now_ns - end_ns, 0, now_ns);
    }
}
