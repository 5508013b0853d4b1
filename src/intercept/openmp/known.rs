//! Where calls of OpenMP's functions lead that were looked up before, by who calls what.
//!
//! A call that is led to another function than its own would lock in the wrong library, so
//! what is read must belong together, whoever changes it meanwhile: a place counts its
//! changes, and what was read counts only if there was none.

use std::ffi::c_void;
use std::ptr;

use super::super::waiters::GOLDEN;
use crate::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering, fence};

/// Places of calls that are remembered.
const PLACES: usize = 1024;

/// Where one call leads.
struct Place {
    /// Twice the number of its changes, and one more during one.
    changes: AtomicU32,
    /// Which call it is; 0 none yet.
    key: AtomicU64,
    target: AtomicPtr<c_void>,
}

static KNOWN: [Place; PLACES] = [const {
    Place {
        changes: AtomicU32::new(0),
        key: AtomicU64::new(0),
        target: AtomicPtr::new(ptr::null_mut()),
    }
}; PLACES];

fn place_of(key: u64) -> Option<&'static Place> {
    KNOWN.get((key.wrapping_mul(GOLDEN) >> 54) as usize)
}

/// Where a call leads, if that is known.
pub(super) fn target(key: u64) -> Option<*const c_void> {
    place_of(key)?.get(key)
}

/// Where a call leads, until another one takes its place.
pub(super) fn remember(key: u64, target: *const c_void) {
    if let Some(place) = place_of(key) {
        place.put(key, target);
    }
}

/// Forgets all of them.
pub(super) fn forget_all() {
    for place in &KNOWN {
        // What was never touched stays untouched.
        if place.key.load(Ordering::Relaxed) != 0 {
            place.put(0, ptr::null());
        }
    }
}

impl Place {
    fn get(&self, key: u64) -> Option<*const c_void> {
        // Acquire pairs with the second Release of `put`: both words are of this change,
        let changes = self.changes.load(Ordering::Acquire);
        let is_mine = self.key.load(Ordering::Relaxed) == key;
        let target = self.target.load(Ordering::Relaxed);
        // and here with the first: or of a later one, which is then seen to have begun.
        fence(Ordering::Acquire);
        let is_whole = changes.is_multiple_of(2) && self.changes.load(Ordering::Relaxed) == changes;
        (is_mine && is_whole && !target.is_null()).then_some(target.cast_const())
    }

    fn put(&self, key: u64, target: *const c_void) {
        let before = self.changes.load(Ordering::Relaxed);
        let during = before.wrapping_add(1);
        // Acquire pairs with the Release of who changed it before.
        let begin = || {
            self.changes
                .compare_exchange(before, during, Ordering::Acquire, Ordering::Relaxed)
        };
        if !before.is_multiple_of(2) || begin().is_err() {
            // Somebody else is at it; what is not remembered is looked up again.
            return;
        }
        fence(Ordering::Release);
        self.key.store(key, Ordering::Relaxed);
        self.target.store(target.cast_mut(), Ordering::Relaxed);
        self.changes
            .store(before.wrapping_add(2), Ordering::Release);
    }
}
