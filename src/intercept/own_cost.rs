//! What our own work adds to a hold that is measured, as far as it is always so: learned once, and taken away.
//!
//! A hold ends where the release comes to us, and begins where the thread leaves us with
//! the lock: what lies between these and the clock is ours, and so is what is done for the
//! locks that are taken and released within. Both are learned as the least of a few trials,
//! all in the nearest cache: what it costs beyond that, a hold is still seen too long by.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Lock;
use super::capture::Caller;
use super::held::Held;
use super::passing::{self, begin_release};
use super::thread::Thread;
use super::visit::Visit;
use crate::record::Kind;

/// What a hold of nothing is seen with.
static NOTHING_NS: AtomicU64 = AtomicU64::new(0);
/// What [`TOGETHER`] locks taken and released within a hold add to it.
static PASSING_NS: AtomicU64 = AtomicU64::new(0);

/// So many, since one alone takes but a few ticks of the clock.
const TOGETHER: u32 = 16;
/// Trials, of which the least counts.
const TRIALS: u32 = 16;

/// A time without what was done for all that has passed by this thread until now.
pub(super) fn without_passing(thread: &Thread, now_ns: u64) -> u64 {
    let passed = u64::from(thread.passed.get());
    let each = PASSING_NS.load(Ordering::Relaxed);
    now_ns.saturating_sub(passed.saturating_mul(each) / u64::from(TOGETHER))
}

/// How long a hold was that ends now.
pub(super) fn hold_ns(thread: &Thread, held: Held, end_ns: u64) -> u64 {
    without_passing(thread, end_ns)
        .saturating_sub(held.since_ns)
        .saturating_sub(NOTHING_NS.load(Ordering::Relaxed))
}

/// Learns it, on a thread that holds nothing. Called once, before anything is measured.
pub(crate) fn learn() {
    let least_of = |passing| (0..TRIALS).filter_map(|_| trial_ns(passing)).min();
    let nothing_ns = least_of(0);
    let passing_ns = least_of(TOGETHER);
    // What was drawn for it is not for the thread's own acquisitions, of which the first
    // comes to us: it begins anew.
    let thread = Thread::current();
    thread.epoch.set(0);
    thread.set_remaining(0);
    let Some((nothing_ns, passing_ns)) = nothing_ns.zip(passing_ns) else {
        return;
    };
    NOTHING_NS.store(nothing_ns, Ordering::Relaxed);
    PASSING_NS.store(passing_ns.saturating_sub(nothing_ns), Ordering::Relaxed);
}

/// How long a hold is seen in which so many pass by and nothing else happens. No lock is
/// touched, and nothing is recorded.
fn trial_ns(passing: u32) -> Option<u64> {
    const CALLER: Caller = Caller { sp: 0, bp: 0 };
    let [held, other] = [16, 32].map(black_box);
    let lock = Lock {
        address: held,
        kind: Kind::Mutex,
    };
    let visit = Visit::begin(CALLER)?;
    let thread = visit.thread();
    let remaining = thread.remaining();
    thread.set_remaining(i64::MAX);
    let since_ns = visit.begin_hold(lock, 1, 1, false);
    drop(visit);
    for _ in 0..passing {
        black_box(passing::is_passing(black_box(other), 1));
        black_box(begin_release(black_box(other), 1, false, CALLER).is_some());
    }
    let releasing = begin_release(lock.address, 1, false, CALLER);
    thread.held.forget(lock.address);
    thread.set_remaining(remaining);
    Some(releasing?.begin_ns.saturating_sub(since_ns))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trials_find_a_cost_and_leave_a_thread_that_was_never_seen() {
        let thread = Thread::current();
        let before = (
            thread.remaining(),
            thread.held.len(),
            thread.inside_at.get(),
        );
        learn();
        assert!(PASSING_NS.load(Ordering::Relaxed) > 0);
        let after = (
            thread.remaining(),
            thread.held.len(),
            thread.inside_at.get(),
        );
        assert_eq!(after, before);
        assert_eq!((thread.passed.get(), thread.countdown.get()), (0, 0));
        assert!(!thread.is_current());
    }

    #[test]
    fn what_passed_by_within_a_hold_is_no_part_of_it_and_what_passed_before_is_not_taken_away() {
        learn();
        let pass_by = |more: u32| {
            let thread = Thread::current();
            thread.passed.set(thread.passed.get() + more);
        };
        let held_since = |ns: u64| Held {
            since_ns: without_passing(Thread::current(), ns),
            ..Held::default()
        };
        let passing_ns = PASSING_NS.load(Ordering::Relaxed);
        let nothing_ns = NOTHING_NS.load(Ordering::Relaxed);
        pass_by(5 * TOGETHER);
        let held = held_since(1_000_000);
        pass_by(2 * TOGETHER);
        assert_eq!(
            hold_ns(Thread::current(), held, 1_500_000),
            500_000 - 2 * passing_ns - nothing_ns
        );
        assert_eq!(hold_ns(Thread::current(), held, 1_000_001), 0);
        Thread::current().passed.set(0);
    }
}
