//! Condition variables: a wait ends the hold of its mutex and begins a new one, and is
//! itself a sync wait, ended by a signal.
#![allow(unsafe_code, reason = "calls the C library")]

use std::ffi::c_int;

use libc::{clockid_t, pthread_cond_t, pthread_mutex_t, timespec};

use super::capture::Caller;
use super::interface::{C11, Interface, Posix};
use super::release::Ending;
use super::signal::object_of;
use super::sync::{self, Ended, Waiting, Waker};
use super::table::{self, Cnd, Mtx};
use super::{Lock, Outcome, Visit, layout, thread};
use crate::record::{self, Loss, Lost, Record, Role};
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
    let mut retaking = Retaking {
        caller,
        lock,
        weight: None,
        record: Record::new(Role::Acquire, lock.kind, lock.address),
    };
    if is_split {
        retaking.split(&visit, layout::may_be_waited_for(mutex));
    }
    let waiting = locks
        .cond
        .then(|| Waiting::begin(&visit, object_of(condition), Waker::InCell));
    if let Some(waiting) = &waiting
        && retaking.record.frames.is_empty()
    {
        waiting.capture_early(&visit, &mut retaking.record);
    }
    drop(visit);
    let code = real();
    let end_ns = sys::monotonic_ns();
    let outcome = I::outcome(code);
    if !outcome.has_waited() {
        retaking.weight = None;
    }
    retaking.tell();
    let Some(waiting) = waiting else {
        return code;
    };
    match Visit::begin(caller) {
        Some(visit) => waiting.end(&visit, end_ns, ended(outcome), &mut retaking.record),
        None => sync::lose_while_inside(),
    }
    code
}

fn ended(outcome: Outcome) -> Ended {
    Ended::of(outcome.error())
}

/// The acquisition at the end of a wait. It happens even when the thread is
/// cancelled in the wait, which unwinds through us, so it happens on drop.
struct Retaking {
    caller: Caller,
    lock: Lock,
    /// How many acquisitions it stands for, if it is sampled and not told of yet.
    weight: Option<u32>,
    /// What has the stack, if that was taken.
    record: Record,
}

impl Retaking {
    /// Ends the hold.
    fn split(&mut self, visit: &Visit, is_wanted: bool) {
        let begin_ns = sys::monotonic_ns() - sys::clock_cost_ns();
        Ending::of(visit, self.lock, 1, is_wanted, begin_ns).tell(visit, self.lock);
        self.weight = visit.tick();
        if let Some(weight) = self.weight {
            self.record.weight = f64::from(weight);
            visit.try_capture(&mut self.record);
        }
    }

    /// The mutex is held again: hands the acquisition in, if it is sampled, and begins
    /// the hold.
    fn tell(&mut self) {
        let Some(weight) = self.weight.take() else {
            return;
        };
        let Some(visit) = Visit::begin(self.caller) else {
            let weight = f64::from(weight);
            record::lose(Loss::WhileInside, Lost::Acquisitions, weight, 0.0);
            return;
        };
        if !self.record.frames.is_empty() {
            self.record.weight = f64::from(weight);
            self.record.since_ns = sys::monotonic_ns();
            thread::hand_in(visit.thread(), &mut self.record);
        }
        visit.begin_hold(self.lock, 1, weight, false);
    }
}

impl Drop for Retaking {
    fn drop(&mut self) {
        self.tell();
    }
}
