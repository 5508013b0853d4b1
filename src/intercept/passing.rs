//! What passes by while a hold is measured: it is told apart in a few instructions, since what is done within a hold makes it longer.

use super::capture::Caller;
use super::guard;
use super::thread::Thread;
use super::visit::Visit;
use crate::sys;

/// Whether an acquisition of this lock, to this depth, only passes by while this thread
/// watches: it is not sampled, and proves no hold to be over. If so, it is counted.
#[inline(always)]
pub(super) fn is_passing(lock: u64, depth: u32) -> bool {
    let thread = Thread::current();
    let remaining = thread.skip.get();
    let passes = thread.watchful.get()
        && remaining > 0
        && !guard::is_inside_now(thread)
        && thread.is_current()
        && !thread.held.is_concerned(lock, depth);
    if passes {
        thread.skip.set(remaining - 1);
        thread.countdown.set(0);
        thread.passed.set(thread.passed.get().saturating_add(1));
    }
    passes
}

/// A release that has something to tell, under way.
pub(super) struct Releasing {
    pub(super) visit: Visit,
    /// When it began. All that follows would else be part of a hold that it ends.
    pub(super) begin_ns: u64,
}

/// Begins the release of a lock that is held so deep; none when it ends no measured hold
/// and nobody waits for it (`is_wanted`).
#[inline(always)]
pub(super) fn begin_release(
    lock: u64,
    depth: u32,
    is_wanted: bool,
    caller: Caller,
) -> Option<Releasing> {
    let thread = Thread::current();
    let begin_ns = if thread.held.find(lock, depth).is_some() {
        sys::monotonic_ns() - sys::clock_cost_ns()
    } else if is_wanted || thread.is_among_waiters() {
        0
    } else {
        return None;
    };
    let visit = Visit::begin(caller)?;
    Some(Releasing { visit, begin_ns })
}
