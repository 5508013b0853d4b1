//! Reads the C library's objects, which other threads change meanwhile, word by word.
#![allow(unsafe_code, reason = "reads memory of the host")]

use std::sync::atomic::{AtomicU32, Ordering};

/// The 32-bit words of an object that the host is calling us about.
#[inline(always)]
pub(super) fn words<'a, T>(object: *const T) -> &'a [AtomicU32] {
    let len = size_of::<T>() / size_of::<AtomicU32>();
    // SAFETY: an object of the C library that the host calls us about is readable and
    // aligned in all its size for the length of the call (the real function reads it too);
    // other threads change its words atomically.
    unsafe { std::slice::from_raw_parts(object.cast::<AtomicU32>(), len) }
}

/// One of them; 0 where there is none.
#[inline(always)]
pub(super) fn word<T>(object: *const T, index: usize) -> u32 {
    words(object)
        .get(index)
        .map_or(0, |word| word.load(Ordering::Relaxed))
}
