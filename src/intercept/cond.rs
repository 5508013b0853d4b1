//! Condition variables: a wait ends the hold of its mutex and begins a new one.
#![allow(unsafe_code, reason = "calls the C library")]

use std::ffi::c_int;

use libc::{clockid_t, pthread_cond_t, pthread_mutex_t, timespec};

use super::capture::Caller;
use super::interface::{C11, Interface, Posix};
use super::release::Ending;
use super::table::{self, Cnd, Mtx};
use super::{Lock, Sampled, Visit, layout, thread};
use crate::record::{self, Loss, Lost};
use crate::sys;

pub(super) unsafe extern "C-unwind" fn wait(
    condition: *mut pthread_cond_t,
    mutex: *mut pthread_mutex_t,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let real = || unsafe { table::pthread_cond_wait::real(condition, mutex) };
    split_hold::<Posix>(mutex, Caller { sp, bp }, real)
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
        split_hold::<Posix>(mutex, Caller { sp, bp }, real)
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
        split_hold::<Posix>(mutex, Caller { sp, bp }, real)
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
    split_hold::<C11>(mutex, Caller { sp, bp }, real)
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
        split_hold::<C11>(mutex, Caller { sp, bp }, real)
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

/// A wait: the hold ends before it, at the caller's stack, and the acquisition
/// after it is counted like any other. Both stacks are the same and are taken
/// before the wait, so what follows it is not lengthened.
fn split_hold<I: Interface>(
    mutex: *mut pthread_mutex_t,
    caller: Caller,
    real: impl FnOnce() -> c_int,
) -> c_int {
    let Some(visit) = Visit::begin(caller) else {
        return real();
    };
    if layout::depth(mutex) > 1 {
        // The C library releases one level only: the hold goes on.
        let (code, _) = visit.entered.outside(real);
        return code;
    }
    let lock = layout::lock_of(mutex);
    let is_wanted = layout::may_be_waited_for(mutex);
    Ending::of(&visit, lock, 1, is_wanted).tell(&visit, lock);
    let sampled = visit
        .tick()
        .map(|weight| Sampled::begin(&visit, lock, weight));
    drop(visit);
    let mut retaking = Retaking {
        caller,
        lock,
        sampled,
    };
    let code = real();
    if !I::outcome(code).has_waited() {
        retaking.sampled = None;
    }
    code
}

/// The acquisition at the end of a wait. It happens even when the thread is
/// cancelled in the wait, which unwinds through us, so it happens on drop.
struct Retaking {
    caller: Caller,
    lock: Lock,
    sampled: Option<Sampled>,
}

impl Drop for Retaking {
    fn drop(&mut self) {
        let Some(sampled) = &mut self.sampled else {
            return;
        };
        let Some(visit) = Visit::begin(self.caller) else {
            let weight = f64::from(sampled.weight);
            record::lose(Loss::WhileInside, Lost::Acquisitions, weight, 0.0);
            return;
        };
        if sampled.is_captured {
            sampled.record.weight = f64::from(sampled.weight);
            sampled.record.since_ns = sys::monotonic_ns();
            thread::hand_in(visit.thread(), &mut sampled.record);
        }
        visit.begin_hold(self.lock, 1, sampled.weight, false);
    }
}
