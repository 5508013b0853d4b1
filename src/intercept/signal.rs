//! Signals: who ends the waits in a condition. Without a waiter they pass straight through.
#![allow(unsafe_code, reason = "calls the C library and reads its conditions")]

use std::ffi::c_int;
use std::sync::atomic::{AtomicUsize, Ordering};

use libc::{pthread_cond_t, pthread_condattr_t};

use super::capture::Caller;
use super::interface::THRD_SUCCESS;
use super::table::{self, Cnd};
use super::words::word;
use super::{Lock, lifetime, sync};
use crate::record::Kind;

// nptl/pthread_cond_common.c of glibc: one word of a condition holds how many threads
// wait, above three bits that say of which sort the condition is.
const WAITERS_SHIFT: u32 = 3;
const SHARED: u32 = 1;
const CLOCK_MONOTONIC: u32 = 2;
const WORDS: usize = 12;

/// Which of its words that is: the 10th as long as there have been such conditions, the
/// 8th since 2.42.
static WAITERS_WORD: AtomicUsize = AtomicUsize::new(9);

/// Whether anybody waits in it, as the C library looks itself.
#[inline(always)]
fn has_waiters(condition: *const pthread_cond_t) -> bool {
    word(condition, WAITERS_WORD.load(Ordering::Relaxed)) >> WAITERS_SHIFT != 0
}

/// A condition, as its waits are told of.
pub(super) fn object_of(condition: *const pthread_cond_t) -> Lock {
    Lock {
        address: condition as u64,
        kind: Kind::Cond,
    }
}

#[inline(always)]
fn wake(
    condition: *const pthread_cond_t,
    most: u32,
    caller: Caller,
    real: impl FnOnce() -> c_int,
) -> c_int {
    if has_waiters(condition) {
        sync::wake(object_of(condition), most, caller, real)
    } else {
        real()
    }
}

pub(super) unsafe extern "C-unwind" fn signal(
    condition: *mut pthread_cond_t,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    wake(condition, 1, Caller { sp, bp }, || unsafe {
        table::pthread_cond_signal::real(condition)
    })
}

pub(super) unsafe extern "C-unwind" fn broadcast(
    condition: *mut pthread_cond_t,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    wake(condition, u32::MAX, Caller { sp, bp }, || unsafe {
        table::pthread_cond_broadcast::real(condition)
    })
}

pub(super) unsafe extern "C-unwind" fn cnd_signal(
    condition: *mut Cnd,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    wake(condition, 1, Caller { sp, bp }, || unsafe {
        table::cnd_signal::real(condition)
    })
}

pub(super) unsafe extern "C-unwind" fn cnd_broadcast(
    condition: *mut Cnd,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    wake(condition, u32::MAX, Caller { sp, bp }, || unsafe {
        table::cnd_broadcast::real(condition)
    })
}

pub(super) unsafe extern "C-unwind" fn init(
    condition: *mut pthread_cond_t,
    attributes: *const pthread_condattr_t,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let code = unsafe { table::pthread_cond_init::real(condition, attributes) };
    if code == 0 {
        lifetime::note_init(object_of(condition), Caller { sp, bp });
    }
    code
}

pub(super) unsafe extern "C-unwind" fn cnd_init(
    condition: *mut Cnd,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let code = unsafe { table::cnd_init::real(condition) };
    if code == THRD_SUCCESS {
        lifetime::note_init(object_of(condition), Caller { sp, bp });
    }
    code
}

/// Whether the C library lays out its conditions as this file believes, and where that
/// word is: of a fresh condition only the bits of its sort are set. Asked once, with a
/// condition of our own, before anything is armed.
pub(super) fn is_known() -> bool {
    #[allow(
        clippy::multiple_unsafe_ops_per_block,
        reason = "one reason covers all of them"
    )]
    // SAFETY: attributes and a condition of our own, on this stack, initialised before
    // use and used by this thread alone.
    unsafe {
        let mut attributes: pthread_condattr_t = std::mem::zeroed();
        let mut condition: pthread_cond_t = std::mem::zeroed();
        let raw = &raw mut condition;
        let known = libc::pthread_condattr_init(&raw mut attributes) == 0
            && libc::pthread_condattr_setpshared(&raw mut attributes, libc::PTHREAD_PROCESS_SHARED)
                == 0
            && libc::pthread_condattr_setclock(&raw mut attributes, libc::CLOCK_MONOTONIC) == 0
            && table::pthread_cond_init::real(raw, &raw const attributes) == 0;
        let mut set = (0..WORDS).filter(|index| word(raw, *index) != 0);
        let (Some(index), None) = (set.next(), set.next()) else {
            return false;
        };
        WAITERS_WORD.store(index, Ordering::Relaxed);
        known && word(raw, index) == SHARED | CLOCK_MONOTONIC
    }
}
