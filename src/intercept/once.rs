//! Initialisers that run once: whoever comes meanwhile waits for the one who runs it.
//!
//! The C library lets the waiters go before we hear of it, too late to leave them a
//! number. So both sides make the number out of the address.
#![allow(
    unsafe_code,
    reason = "calls the C library and reads its control words"
)]

use std::ffi::c_int;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use libc::pthread_once_t;

use super::capture::Caller;
use super::sync::{self, Ended, Waker, Waking};
use super::table::{self, Routine};
use super::waiters::GOLDEN;
use super::{Lock, Visit};
use crate::record::Kind;
use crate::sys;

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
    // Nearly always it is done.
    match state(control) {
        DONE => real(),
        RUNNING => wait(control, Caller { sp, bp }, real),
        _ => run(control, Caller { sp, bp }, real),
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
    let as_posix = || {
        real();
        0
    };
    match state(control) {
        DONE => real(),
        RUNNING => wait(control, Caller { sp, bp }, as_posix),
        _ => run(control, Caller { sp, bp }, as_posix),
    }
}

fn object_of(control: *const pthread_once_t) -> Lock {
    Lock {
        address: control as u64,
        kind: Kind::Once,
    }
}

/// Under which the waits for an initialiser are put down to who runs it.
fn number_of(control: *const pthread_once_t) -> u64 {
    (control as u64).wrapping_mul(GOLDEN) | 1
}

/// How many have begun to wait for some initialisers: who runs one sees whether there is
/// anything to tell. Those that share a place may only make it tell too much.
static BEGUN: [AtomicU32; 64] = [const { AtomicU32::new(0) }; 64];

fn begun(control: *const pthread_once_t) -> Option<&'static AtomicU32> {
    BEGUN.get((number_of(control) >> 58) as usize)
}

#[cold]
#[inline(never)]
fn wait(control: *const pthread_once_t, caller: Caller, real: impl FnOnce() -> c_int) -> c_int {
    let Some(visit) = Visit::begin(caller) else {
        return real();
    };
    if let Some(begun) = begun(control) {
        begun.fetch_add(1, Ordering::Relaxed);
    }
    let waker = Waker::Numbered(number_of(control));
    sync::wait(visit, object_of(control), waker, real, Ended::of)
}

/// Runs it as ever, outside us.
#[cold]
#[inline(never)]
fn run(control: *const pthread_once_t, caller: Caller, real: impl FnOnce() -> c_int) -> c_int {
    let count = || begun(control).map_or(0, |begun| begun.load(Ordering::Relaxed));
    let (before, begin_ns) = (count(), sys::monotonic_ns());
    let code = real();
    let queue = count().wrapping_sub(before);
    if queue != 0
        && let Some(visit) = Visit::begin(caller)
    {
        let waking = Waking {
            object: object_of(control),
            number: number_of(control),
            queue,
            begin_ns,
        };
        waking.tell(&visit);
    }
    code
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
