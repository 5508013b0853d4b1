//! Waiting for the end of a thread. Whether it had ended already cannot be told before,
//! so every call counts, and lasts as long as it takes.
#![allow(unsafe_code, reason = "calls the C library")]

use std::ffi::{c_int, c_void};

use libc::{clockid_t, pthread_t, timespec};

use super::capture::Caller;
use super::interface::{C11, Interface};
use super::sync::{self, Ended, Waker};
use super::{Lock, Outcome, Visit, table};
use crate::record::Kind;

pub(super) unsafe extern "C-unwind" fn join(
    id: pthread_t,
    result: *mut *mut c_void,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let real = || unsafe { table::pthread_join::real(id, result) };
    wait(id, Caller { sp, bp }, real, Ended::of)
}

pub(super) unsafe extern "C-unwind" fn timedjoin(
    id: pthread_t,
    result: *mut *mut c_void,
    until: *const timespec,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let real = || unsafe { table::pthread_timedjoin_np::real(id, result, until) };
    wait(id, Caller { sp, bp }, real, Ended::of)
}

pub(super) unsafe extern "C-unwind" fn clockjoin(
    id: pthread_t,
    result: *mut *mut c_void,
    clock: clockid_t,
    until: *const timespec,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let real = || unsafe { table::pthread_clockjoin_np::real(id, result, clock, until) };
    wait(id, Caller { sp, bp }, real, Ended::of)
}

pub(super) unsafe extern "C-unwind" fn thrd_join(
    id: pthread_t,
    result: *mut c_int,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let real = || unsafe { table::thrd_join::real(id, result) };
    wait(id, Caller { sp, bp }, real, |code| {
        match C11::outcome(code) {
            Outcome::Acquired => Ended::Woken,
            Outcome::Busy | Outcome::Failed(_) => Ended::Refused,
        }
    })
}

fn wait(
    id: pthread_t,
    caller: Caller,
    real: impl FnOnce() -> c_int,
    ended: impl FnOnce(c_int) -> Ended,
) -> c_int {
    let object = Lock {
        address: id,
        kind: Kind::Join,
    };
    match Visit::begin(caller) {
        // The kernel wakes who waits: nobody tells of it.
        Some(visit) => sync::wait(visit, object, Waker::Unknown, real, ended),
        None => real(),
    }
}
