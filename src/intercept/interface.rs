//! The two interfaces to mutexes, of POSIX and of C11: their calls and their codes.
#![allow(unsafe_code, reason = "calls the C library")]

use std::ffi::c_int;

use libc::pthread_mutex_t;

use super::{Outcome, table};

/// An interface to mutexes: its calls and its codes.
pub(super) trait Interface {
    /// The code of a try that found the lock taken.
    const BUSY: c_int;
    /// # Safety
    /// As for the C function.
    unsafe fn lock(mutex: *mut pthread_mutex_t) -> c_int;
    /// # Safety
    /// As for the C function.
    unsafe fn trylock(mutex: *mut pthread_mutex_t) -> c_int;
    /// # Safety
    /// As for the C function.
    unsafe fn unlock(mutex: *mut pthread_mutex_t) -> c_int;
    /// What a code means.
    fn outcome(code: c_int) -> Outcome;
}

/// `pthread_mutex_…`.
pub(super) struct Posix;

impl Interface for Posix {
    const BUSY: c_int = libc::EBUSY;

    unsafe fn lock(mutex: *mut pthread_mutex_t) -> c_int {
        // SAFETY: the caller's part.
        unsafe { table::pthread_mutex_lock::real(mutex) }
    }
    unsafe fn trylock(mutex: *mut pthread_mutex_t) -> c_int {
        // SAFETY: the caller's part.
        unsafe { table::pthread_mutex_trylock::real(mutex) }
    }
    unsafe fn unlock(mutex: *mut pthread_mutex_t) -> c_int {
        // SAFETY: the caller's part.
        unsafe { table::pthread_mutex_unlock::real(mutex) }
    }
    fn outcome(code: c_int) -> Outcome {
        match code {
            // The owner died: it is ours now, in an inconsistent state.
            0 | libc::EOWNERDEAD => Outcome::Acquired,
            libc::EBUSY => Outcome::Busy,
            error => Outcome::Failed(error),
        }
    }
}

/// `mtx_…`.
pub(super) struct C11;

// threads.h of glibc; the libc crate has none of it.
pub(super) const THRD_SUCCESS: c_int = 0;
const THRD_BUSY: c_int = 1;
const THRD_TIMED_OUT: c_int = 4;

impl Interface for C11 {
    const BUSY: c_int = THRD_BUSY;

    unsafe fn lock(mutex: *mut pthread_mutex_t) -> c_int {
        // SAFETY: the caller's part.
        unsafe { table::mtx_lock::real(mutex) }
    }
    unsafe fn trylock(mutex: *mut pthread_mutex_t) -> c_int {
        // SAFETY: the caller's part.
        unsafe { table::mtx_trylock::real(mutex) }
    }
    unsafe fn unlock(mutex: *mut pthread_mutex_t) -> c_int {
        // SAFETY: the caller's part.
        unsafe { table::mtx_unlock::real(mutex) }
    }
    fn outcome(code: c_int) -> Outcome {
        match code {
            THRD_SUCCESS => Outcome::Acquired,
            THRD_BUSY => Outcome::Busy,
            THRD_TIMED_OUT => Outcome::Failed(libc::ETIMEDOUT),
            _ => Outcome::Failed(libc::EINVAL),
        }
    }
}
