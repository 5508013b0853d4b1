//! The words of the lock-free parts: `crates/model` puts its own in their place and tries every order.
#![allow(unsafe_code, reason = "hands out what the lock-free parts own")]

pub(crate) use std::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Ordering, fence,
};

/// Room in a table: as much as is said. The model makes do with less.
pub(crate) const fn room(len: u16) -> u16 {
    len
}

/// A word on the heap that begins with 0. The model learns here that it is there.
pub(crate) fn boxed_word() -> Box<AtomicU64> {
    Box::new(AtomicU64::new(0))
}

/// So many of them.
pub(crate) fn boxed_words(len: usize) -> Box<[AtomicU64]> {
    (0..len).map(|_| AtomicU64::new(0)).collect()
}

/// What belongs to one thread at a time, by an agreement that the compiler cannot see; the
/// model watches that it is kept.
#[repr(transparent)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    /// Shows it to its reader.
    ///
    /// # Safety
    /// Nobody may write it meanwhile.
    #[inline(always)]
    pub(crate) unsafe fn with<R>(&self, see: impl FnOnce(&T) -> R) -> R {
        // SAFETY: by the contract of this call.
        see(unsafe { &*self.0.get() })
    }

    /// Hands its place to its owner.
    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, change: impl FnOnce(*mut T) -> R) -> R {
        change(self.0.get())
    }
}
