//! The system, as far as the lock-free parts ask for it.

use std::cell::Cell;
use std::time::Duration;

use crate::atomic::AtomicU32;

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
