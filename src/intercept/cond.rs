//! Condition variables: a wait ends the hold of its mutex and begins a new one, and is
//! itself a sync wait, ended by a signal.
#![allow(unsafe_code, reason = "calls the C library")]

use std::ffi::c_int;

use libc::{clockid_t, pthread_cond_t, pthread_mutex_t, timespec};

use super::capture::Caller;
use super::interface::{C11, Interface, Posix};
use super::retaking::{self, Retaking};
use super::signal::object_of;
use super::sync::{self, Ended, Waiting, Waker};
use super::table::{self, Cnd, Mtx};
use super::{Visit, layout, thread};
use crate::sys;

pub(super) unsafe extern "C-unwind" fn wait(
    condition: *mut pthread_cond_t,
    mutex: *mut pthread_mutex_t,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let real = || unsafe { table::pthread_cond_wait::real(condition, mutex) };
    wait_in::<Posix>(condition, mutex, Caller { sp, bp }, real)
}

pub(super) unsafe extern "C-unwind" fn timedwait(
    condition: *mut pthread_cond_t,
    mutex: *mut pthread_mutex_t,
    until: *const timespec,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let real = || unsafe { table::pthread_cond_timedwait::real(condition, mutex, until) };
    if is_time(until) {
        wait_in::<Posix>(condition, mutex, Caller { sp, bp }, real)
    } else {
        real()
    }
}

pub(super) unsafe extern "C-unwind" fn clockwait(
    condition: *mut pthread_cond_t,
    mutex: *mut pthread_mutex_t,
    clock: clockid_t,
    until: *const timespec,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let real = || unsafe { table::pthread_cond_clockwait::real(condition, mutex, clock, until) };
    let known = matches!(clock, libc::CLOCK_MONOTONIC | libc::CLOCK_REALTIME);
    if known && is_time(until) {
        wait_in::<Posix>(condition, mutex, Caller { sp, bp }, real)
    } else {
        real()
    }
}

pub(super) unsafe extern "C-unwind" fn cnd_wait(
    condition: *mut Cnd,
    mutex: *mut Mtx,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let real = || unsafe { table::cnd_wait::real(condition, mutex) };
    wait_in::<C11>(condition, mutex, Caller { sp, bp }, real)
}

pub(super) unsafe extern "C-unwind" fn cnd_timedwait(
    condition: *mut Cnd,
    mutex: *mut Mtx,
    until: *const timespec,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let real = || unsafe { table::cnd_timedwait::real(condition, mutex, until) };
    if is_time(until) {
        wait_in::<C11>(condition, mutex, Caller { sp, bp }, real)
    } else {
        real()
    }
}

/// Whether the C library will accept this time. If not it returns at once and
/// does not release the mutex.
fn is_time(until: *const timespec) -> bool {
    // SAFETY: the host passes a readable time, as the C function demands.
    let until = unsafe { until.as_ref() };
    until.is_some_and(|until| (0..1_000_000_000).contains(&until.tv_nsec))
}

/// A wait. For its mutex the hold ends before it, at the caller's stack, and the
/// acquisition after it is counted like any other. All stacks are the same one, which
/// is taken before the wait, so what follows it is not lengthened.
fn wait_in<I: Interface>(
    condition: *const pthread_cond_t,
    mutex: *mut pthread_mutex_t,
    caller: Caller,
    real: impl FnOnce() -> c_int,
) -> c_int {
    let (Some(visit), Some(locks)) = (Visit::begin(caller), thread::locks()) else {
        return real();
    };
    // Of one that is held deeper the C library releases one level only: the hold goes on.
    let is_split = locks.mutex && layout::depth(mutex) <= 1;
    let lock = layout::lock_of(mutex);
    let mut retaking = Retaking::new(lock, caller);
    if is_split {
        retaking.split(&visit, layout::may_be_waited_for(mutex));
    }
    let object = object_of(condition);
    let mut waiting = locks
        .cond
        .then(|| Waiting::begin(&visit, object, Waker::InCell));
    if let Some(waiting) = &waiting {
        if is_split {
            waiting.note_mutex(lock);
        }
        if retaking.record.frames.is_empty() {
            waiting.capture_early(&visit, &mut retaking.record);
        }
    }
    let sleeps_before = waiting
        .as_ref()
        .and_then(|_| retaking::sleeps_before(object));
    drop(visit);
    let code = real();
    let end_ns = sys::monotonic_ns();
    let outcome = I::outcome(code);
    let ended = Ended::of(outcome.error());
    if !outcome.has_waited() {
        retaking.forget();
    }
    let waited = waiting.as_mut().and_then(|waiting| {
        retaking::Wait::at_end_of(waiting, object, (end_ns, ended), sleeps_before)
    });
    let Some(visit) = Visit::begin(caller) else {
        retaking.lose(waited);
        if waiting.is_some() {
            sync::lose_while_inside();
        }
        return code;
    };
    let hold = retaking.tell(&visit, waited);
    if let Some(waiting) = waiting {
        waiting.end(&visit, end_ns, ended, &mut retaking.record);
    }
    if let Some(hold) = hold {
        hold.begin(&visit);
    }
    code
}
