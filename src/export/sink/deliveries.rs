//! How many deliveries are under way, and how many failed: what an exit waits for.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::sys;

/// All deliveries of a process.
#[derive(Default)]
pub(crate) struct Deliveries {
    pending: AtomicU32,
    failed: AtomicU32,
}

impl Deliveries {
    /// One more is under way.
    pub(super) fn begin(&self) {
        self.pending.fetch_add(1, Ordering::Relaxed);
    }

    /// One has ended.
    pub(super) fn end(&self, has_arrived: bool) {
        if !has_arrived {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        // Release pairs with the Acquire in `wait`: the failure was counted before.
        self.pending.fetch_sub(1, Ordering::Release);
        sys::wake(&self.pending);
    }

    /// How many have failed so far.
    pub(crate) fn failed(&self) -> u32 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Waits until none is under way, no longer than `limit`; says whether none is.
    pub(crate) fn wait(&self, limit: Duration) -> bool {
        let begin_ns = sys::monotonic_ns();
        loop {
            let pending = self.pending.load(Ordering::Acquire);
            if pending == 0 {
                return true;
            }
            let waited = Duration::from_nanos(sys::monotonic_ns() - begin_ns);
            let Some(left) = limit.checked_sub(waited).filter(|left| !left.is_zero()) else {
                return false;
            };
            sys::sleep_on(&self.pending, pending, left);
        }
    }
}
