//! Semaphores as objects: how they lie in memory, where their lives begin and end.
#![allow(unsafe_code, reason = "calls the C library and reads its semaphores")]

use std::ffi::{CStr, c_char, c_int, c_uint};
use std::sync::atomic::{AtomicU64, Ordering};

use libc::{mode_t, sem_t};

use crate::intercept::capture::Caller;
use crate::intercept::{Lock, lifetime, name_lock, table, uses};
use crate::record::Kind;

/// glibc's semaphore in memory on 64-bit machines, since 2.21: one word, of which the
/// lower half is the value and the upper half the number of threads that wait.
fn word(semaphore: *const sem_t) -> u64 {
    // SAFETY: a semaphore the host is calling us about is 32 readable, aligned bytes for
    // the length of the call; other threads change this word atomically.
    unsafe { &*semaphore.cast::<AtomicU64>() }.load(Ordering::Relaxed)
}

/// Whether nothing is to be had at once. As its gate looks.
#[inline(always)]
pub(in crate::intercept) fn is_empty(semaphore: *const sem_t) -> bool {
    word(semaphore) & 0xffff_ffff == 0
}

/// Whether somebody waits. As its gate looks.
#[inline(always)]
pub(in crate::intercept) fn may_be_waited_for(semaphore: *const sem_t) -> bool {
    word(semaphore) >> 32 != 0
}

/// Whether a post lets somebody in: more wait than could go on already. (Those that were
/// let in before count as waiting until they run.)
pub(super) fn is_waited_for(semaphore: *const sem_t) -> bool {
    let word = word(semaphore);
    word >> 32 > word & 0xffff_ffff
}

pub(super) fn lock_of(semaphore: *const sem_t) -> Lock {
    Lock {
        address: semaphore as u64,
        kind: Kind::Semaphore,
    }
}

pub(in crate::intercept) unsafe extern "C-unwind" fn init(
    semaphore: *mut sem_t,
    shared: c_int,
    value: c_uint,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let code = unsafe { table::sem_init::real(semaphore, shared, value) };
    if code == 0 {
        uses::learn_value(semaphore as u64, value);
        lifetime::note_init(lock_of(semaphore), Caller { sp, bp });
    }
    code
}

pub(in crate::intercept) unsafe extern "C-unwind" fn destroy(
    semaphore: *mut sem_t,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let code = unsafe { table::sem_destroy::real(semaphore) };
    if code == 0 {
        uses::forget(semaphore as u64);
        lifetime::forget(semaphore as u64, Caller { sp, bp });
    }
    code
}

/// Mode and value are there only if it may be made; then they are where they would be
/// if they were always there. A semaphore opened twice is one, so what counts is its
/// name, not the place.
pub(in crate::intercept) unsafe extern "C-unwind" fn open(
    name: *const c_char,
    flags: c_int,
    mode: mode_t,
    value: c_uint,
    _sp: usize,
    _bp: usize,
) -> *mut sem_t {
    // SAFETY: the host's own call.
    let semaphore = unsafe { table::sem_open::real(name, flags, mode, value) };
    if semaphore != libc::SEM_FAILED {
        // SAFETY: the C library has just read this name, and accepted it.
        let name = unsafe { CStr::from_ptr(name) };
        name_lock(semaphore as u64, name.to_bytes());
    }
    semaphore
}

pub(in crate::intercept) unsafe extern "C-unwind" fn close(
    semaphore: *mut sem_t,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let code = unsafe { table::sem_close::real(semaphore) };
    if code == 0 {
        uses::forget(semaphore as u64);
        lifetime::forget(semaphore as u64, Caller { sp, bp });
    }
    code
}

/// Whether the C library lays out its semaphores as this file believes. Asked once, with
/// one of our own, before anything is armed.
pub(in crate::intercept) fn is_known() -> bool {
    #[allow(
        clippy::multiple_unsafe_ops_per_block,
        reason = "one reason covers all of them"
    )]
    // SAFETY: a semaphore of our own, on this stack, initialised before use and used by
    // this thread alone.
    unsafe {
        let mut semaphore: sem_t = std::mem::zeroed();
        let raw = &raw mut semaphore;
        if table::sem_init::real(raw, 0, 2) != 0 {
            return false;
        }
        let mut known = word(raw) == 2;
        known &= table::sem_trywait::real(raw) == 0 && word(raw) == 1;
        known &= table::sem_trywait::real(raw) == 0 && is_empty(raw) && !may_be_waited_for(raw);
        known &= table::sem_post::real(raw) == 0 && word(raw) == 1;
        table::sem_destroy::real(raw);
        known
    }
}
