//! Spin locks. They do not say whether somebody waits, so nobody is charged.
#![allow(unsafe_code, reason = "calls the C library and reads its locks")]

use std::ffi::c_int;
use std::sync::atomic::{AtomicI32, Ordering};

use libc::pthread_spinlock_t;

use super::capture::Caller;
use super::flat::{self, Flat, lock_of};
use super::{lifetime, table};
use crate::record::Kind;

/// `pthread_spin_lock` and its like.
pub(super) struct Spinning;

impl Flat for Spinning {
    type Raw = pthread_spinlock_t;
    const KIND: Kind = Kind::Spin;
    const IS_SHARED: bool = false;

    unsafe fn lock(raw: *mut pthread_spinlock_t) -> c_int {
        // SAFETY: the caller's part.
        unsafe { table::pthread_spin_lock::real(raw) }
    }
    unsafe fn trylock(raw: *mut pthread_spinlock_t) -> c_int {
        // SAFETY: the caller's part.
        unsafe { table::pthread_spin_trylock::real(raw) }
    }
    fn owner(_raw: *const pthread_spinlock_t) -> u32 {
        0
    }
    fn looks_free(raw: *const pthread_spinlock_t) -> bool {
        // On x86-64 1 is free and all below it taken; elsewhere 0 is free, and then
        // no acquisition is handed in early, nothing worse.
        // SAFETY: a lock the host is calling us about is an aligned, readable int,
        // which other threads change atomically.
        let word = unsafe { &*raw.cast::<AtomicI32>() };
        word.load(Ordering::Relaxed) == 1
    }
}

/// A release by a thread that holds a sampled lock.
pub(super) unsafe extern "C-unwind" fn unlock_held(
    raw: *mut pthread_spinlock_t,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let real = || unsafe { table::pthread_spin_unlock::real(raw) };
    flat::release(lock_of::<Spinning>(raw), true, Caller { sp, bp }, real)
}

pub(super) unsafe extern "C-unwind" fn init(
    raw: *mut pthread_spinlock_t,
    shared: c_int,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let code = unsafe { table::pthread_spin_init::real(raw, shared) };
    if code == 0 {
        lifetime::note_init(lock_of::<Spinning>(raw), Caller { sp, bp });
    }
    code
}

pub(super) unsafe extern "C-unwind" fn destroy(
    raw: *mut pthread_spinlock_t,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let code = unsafe { table::pthread_spin_destroy::real(raw) };
    if code == 0 {
        lifetime::forget(raw as u64, Caller { sp, bp });
    }
    code
}
