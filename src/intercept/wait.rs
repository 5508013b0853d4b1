//! A wait for a lock that is taken: how long, and who is to blame.

use std::ffi::c_int;

use super::release::LONG_NS;
use super::thread::Thread;
use super::visit::Visit;
use super::waiters::{Blame, Place};
use super::{Acquisition, Lock, Outcome, Sampled, end, sampler, thread};
use crate::record::{self, Record, Role};
use crate::sys;

/// Ends a wait in its lock's cell when the thread is cancelled in it.
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
    let thread = entered.thread();
    let chance = sampler::random(&thread.random);
    let joined = thread.join_waiters(lock.address, begin_ns, chance);
    let leaving = Leaving(thread);
    let (code, entered) = entered.outside(|| call.wait());
    std::mem::forget(leaving);
    let end_ns = sys::monotonic_ns();
    let wait_ns = (end_ns - begin_ns).saturating_sub(sys::clock_cost_ns());
    let Some(entered) = entered else {
        thread.leave_waiters();
        return code;
    };
    let visit = Visit {
        entered,
        sampling,
        caller,
    };
    let outcome = call.outcome(code);
    if let Some(sampled) = &mut sampled {
        sampled.wait_ns = wait_ns;
    }
    if outcome == Outcome::Acquired && wait_ns < LONG_NS {
        thread.leave_waiters_later();
    } else {
        thread.leave_waiters();
    }
    if outcome.has_waited() {
        record::count_wait(thread.id.get(), lock.kind, wait_ns);
        let full_ns = thread.throttle.stretch(sampling.wait_ns, sampling.period);
        let waits = sampler::wait_weight(chance, wait_ns, full_ns);
        if waits > 0.0 {
            let blame = blame_of(joined, thread);
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
    end(&visit, call, lock, sampled, outcome);
    code
}

fn blame_of(joined: Option<(Place, u32)>, thread: &Thread) -> Blame {
    let turn = thread.records.get();
    joined.map_or(Blame::default(), |(place, _)| place.blame(turn))
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
