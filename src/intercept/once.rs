//! Initialisers that run once: whoever comes meanwhile waits for the one who runs it.
#![allow(
    unsafe_code,
    reason = "calls the C library and reads its control words"
)]

use std::ffi::c_int;
use std::sync::atomic::{AtomicI32, Ordering};

use libc::pthread_once_t;

use super::capture::Caller;
use super::sync::{self, Ended};
use super::table::{self, Routine};
use super::{Lock, Visit};
use crate::record::Kind;

// nptl/pthread_once.c of glibc: the low bits of the control word.
const RUNNING: i32 = 1;
const DONE: i32 = 2;

fn state(control: *const pthread_once_t) -> i32 {
    // SAFETY: a control word the host is calling us about is an aligned, readable int,
    // which other threads change atomically.
    let word = unsafe { &*control.cast::<AtomicI32>() };
    word.load(Ordering::Relaxed) & (RUNNING | DONE)
}

pub(super) unsafe extern "C-unwind" fn once(
    control: *mut pthread_once_t,
    routine: Routine,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let real = || unsafe { table::pthread_once::real(control, routine) };
    // Nearly always it is done; who runs it runs it as ever, outside us.
    if state(control) == RUNNING {
        wait(control, Caller { sp, bp }, real)
    } else {
        real()
    }
}

/// `call_once`. (It returns nothing; the code is ignored.)
pub(super) unsafe extern "C-unwind" fn call_once(
    control: *mut pthread_once_t,
    routine: Routine,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let real = || unsafe { table::call_once::real(control, routine) };
    if state(control) == RUNNING {
        let real = || {
            real();
            0
        };
        wait(control, Caller { sp, bp }, real)
    } else {
        real()
    }
}

#[cold]
#[inline(never)]
fn wait(control: *const pthread_once_t, caller: Caller, real: impl FnOnce() -> c_int) -> c_int {
    let object = Lock {
        address: control as u64,
        kind: Kind::Once,
    };
    match Visit::begin(caller) {
        Some(visit) => sync::wait(visit, object, true, real, Ended::of),
        None => real(),
    }
}

/// Our own control word and what its initialiser saw in it; see [`is_known`].
static OWN: AtomicI32 = AtomicI32::new(0);
static SEEN: AtomicI32 = AtomicI32::new(0);

/// Whether the C library's control words are as this file believes. Asked once, with
/// one of our own, before anything is armed.
pub(super) fn is_known() -> bool {
    unsafe extern "C-unwind" fn look() {
        SEEN.store(state(OWN.as_ptr()), Ordering::Relaxed);
    }
    // In a process that asks again it is done already.
    let control = OWN.as_ptr();
    // SAFETY: an int of our own, which holds what `PTHREAD_ONCE_INIT` is, or what the
    // call before made of it.
    unsafe { table::pthread_once::real(control, Some(look)) };
    SEEN.load(Ordering::Relaxed) == RUNNING && state(control) == DONE
}
