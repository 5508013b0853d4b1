//! The system, as far as the lock-free parts ask for it.

use std::cell::Cell;
use std::time::Duration;

use crate::atomic::{AtomicU32, Ordering};

thread_local! {
    static NOW_NS: Cell<u64> = const { Cell::new(0) };
}

/// Every look at the clock is one nanosecond later.
pub(crate) fn monotonic_ns() -> u64 {
    NOW_NS.set(NOW_NS.get() + 1);
    NOW_NS.get()
}

/// Sleep may end at any time.
pub(crate) fn sleep_on(_word: &AtomicU32, _expected: u32, _limit: Duration) {
    loom::thread::yield_now();
}

/// Who sleeps has woken before.
pub(crate) fn wake(_word: &AtomicU32) {}

/// The threads that have ended, a bit for each. What the kernel knows of a thread's end came
/// after all that the thread did.
static ENDED: AtomicU32 = AtomicU32::new(0);

/// The last that a thread does.
pub(crate) fn end_thread(id: u32) {
    ENDED.fetch_add(1 << id, Ordering::Release);
}

/// Whether it has done that.
pub(crate) fn has_thread_ended(id: u32) -> bool {
    ENDED.load(Ordering::Acquire) & 1 << id != 0
}

/// Nothing to put back.
pub(crate) struct Undisturbed;

/// No signal comes but those that a model sends.
pub(crate) fn stay_undisturbed() -> Undisturbed {
    Undisturbed
}
