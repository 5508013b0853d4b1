//! The heap of the profiler: all that Rust allocates here comes from pages of our own.
//!
//! The host's allocator is never entered. It may be the very code whose lock is
//! being profiled, may not be initialised yet, may be exhausted or corrupt, and
//! may be locked in a forked child for ever.
#![allow(unsafe_code, reason = "a global allocator is unsafe by nature")]

use std::alloc::{GlobalAlloc, Layout};
use std::sync::{Mutex, MutexGuard, PoisonError};

use dlmalloc::Dlmalloc;

struct Heap {
    // std's mutex is a futex of its own: it does not pass through the hooks.
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
        unsafe { self.blocks().malloc(layout.size(), layout.align()) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as for `alloc`.
        unsafe { self.blocks().calloc(layout.size(), layout.align()) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block came from this heap with this layout.
        unsafe { self.blocks().free(block, layout.size(), layout.align()) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let mut blocks = self.blocks();
        // SAFETY: the block came from this heap with this layout.
        unsafe { blocks.realloc(block, layout.size(), layout.align(), new_size) }
    }
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
