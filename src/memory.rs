//! The heap of the profiler: all that Rust allocates here comes from pages of our own.
//!
//! The host's allocator is never entered. It may be the very code whose lock is
//! being profiled, may not be initialised yet, may be exhausted or corrupt, and
//! may be locked in a forked child for ever.
#![allow(unsafe_code, reason = "a global allocator is unsafe by nature")]

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};

use dlmalloc::Dlmalloc;

use crate::sys;

struct Heap {
    // std's mutex is a futex of its own: of the hooks it passes that of `syscall` at most,
    // which sees that the thread is inside us.
    blocks: Mutex<Dlmalloc>,
}

#[global_allocator]
static HEAP: Heap = Heap {
    blocks: Mutex::new(Dlmalloc::new()),
};

impl Heap {
    fn blocks(&self) -> MutexGuard<'_, Dlmalloc> {
        self.blocks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// SAFETY: dlmalloc hands out blocks that are unique, large enough and aligned;
// the mutex makes its state exclusive; nothing here unwinds.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the layout has a non-zero size, by the contract of this call.
        let block = unsafe { self.blocks().malloc(layout.size(), layout.align()) };
        stop_if_exhausted(block)
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as for `alloc`.
        let block = unsafe { self.blocks().calloc(layout.size(), layout.align()) };
        stop_if_exhausted(block)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block came from this heap with this layout.
        unsafe { self.blocks().free(block, layout.size(), layout.align()) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let (size, align) = (layout.size(), layout.align());
        // SAFETY: the block came from this heap with this layout.
        let block = unsafe { self.blocks().realloc(block, size, align, new_size) };
        stop_if_exhausted(block)
    }
}

/// The kernel's ids of our own threads: one that makes profiles, one for each
/// receiver they are sent to. 0 is a free place.
static OWN_THREADS: [AtomicU32; 8] = [const { AtomicU32::new(0) }; 8];
/// What to do when a thread of ours finds no memory.
static GIVE_UP: OnceLock<fn()> = OnceLock::new();

/// While it lives, the calling thread is ours and may stop for ever when there is
/// no memory, after calling `give_up`. It must not leave the thread.
pub(crate) fn may_stop_this_thread(give_up: fn()) -> MayStop {
    let _ = GIVE_UP.set(give_up);
    let id = sys::thread_id();
    let place = OWN_THREADS.iter().find(|place| {
        let taken = place.compare_exchange(0, id, Ordering::Relaxed, Ordering::Relaxed);
        taken.is_ok()
    });
    MayStop { place }
}

/// Says that a thread is ours.
pub(crate) struct MayStop {
    place: Option<&'static AtomicU32>,
}

impl Drop for MayStop {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            place.store(0, Ordering::Relaxed);
        }
    }
}

/// In a forked child: our threads are gone.
pub(crate) fn forget_own_threads() {
    for place in &OWN_THREADS {
        place.store(0, Ordering::Relaxed);
    }
}

/// Rust ends the process when there is no memory. The process is the host's; so
/// our own thread stops here instead. What runs on the host's threads asks
/// [`has_room`] before it begins.
#[inline]
fn stop_if_exhausted(block: *mut u8) -> *mut u8 {
    if block.is_null() {
        stop_own_thread();
    }
    block
}

#[cold]
fn stop_own_thread() {
    let id = sys::thread_id();
    let is_mine = |place: &&AtomicU32| place.load(Ordering::Relaxed) == id;
    let Some(place) = OWN_THREADS.iter().find(is_mine) else {
        return;
    };
    if let Some(give_up) = GIVE_UP.get() {
        give_up();
    }
    loop {
        sys::sleep_on(place, id, std::time::Duration::MAX);
    }
}

/// Whether the system still gives this much memory.
pub(crate) fn has_room(len: usize) -> bool {
    sys::can_map(len)
}

/// Held across a fork, so that the child does not inherit a heap in the middle
/// of a change.
pub(crate) struct Quiet {
    _blocks: MutexGuard<'static, Dlmalloc>,
}

/// Waits until nobody is inside the heap and keeps everybody out.
pub(crate) fn quiet() -> Quiet {
    Quiet {
        _blocks: HEAP.blocks(),
    }
}

/// The same for a thread that may itself be inside the heap, under the signal handler
/// that it runs: waits for others only a moment, and never for itself.
pub(crate) fn try_quiet() -> Option<Quiet> {
    const TRIES: u32 = 1000;
    (0..TRIES).find_map(|_| match HEAP.blocks.try_lock() {
        Ok(blocks) => Some(Quiet { _blocks: blocks }),
        Err(TryLockError::Poisoned(poisoned)) => Some(Quiet {
            _blocks: poisoned.into_inner(),
        }),
        Err(TryLockError::WouldBlock) => {
            std::thread::yield_now();
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_inside_the_heap_does_not_wait_for_itself() {
        let inside = quiet();
        // Nothing may allocate here.
        let had = try_quiet().is_some();
        drop(inside);
        assert!(!had);
    }
}
