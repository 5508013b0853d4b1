//! The C functions a program may call by itself; include/lockprof.h is their contract.
#![allow(unsafe_code, reason = "exports C functions")]
#![cfg_attr(
    test,
    allow(dead_code, reason = "exported functions stay at home in unit tests")
)]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::time::Duration;

use crate::{export, intercept, lifecycle};

/// Longest time a flush may take before it is reported as failed.
const FLUSH_LIMIT: Duration = Duration::from_secs(10);
const DONE: c_int = 0;
const FAILED: c_int = -1;

#[cfg_attr(not(test), unsafe(no_mangle))]
extern "C" fn lockprof_start() -> c_int {
    let Some(_entered) = intercept::enter() else {
        return FAILED;
    };
    if lifecycle::start() { DONE } else { FAILED }
}

#[cfg_attr(not(test), unsafe(no_mangle))]
extern "C" fn lockprof_stop() -> c_int {
    lifecycle::switch_off();
    DONE
}

#[cfg_attr(not(test), unsafe(no_mangle))]
extern "C" fn lockprof_flush() -> c_int {
    let Some(_entered) = intercept::enter() else {
        return FAILED;
    };
    if export::flush(FLUSH_LIMIT) {
        DONE
    } else {
        FAILED
    }
}

#[cfg_attr(not(test), unsafe(no_mangle))]
extern "C" fn lockprof_name_lock(lock: *const c_void, name: *const c_char) -> c_int {
    if lock.is_null() || name.is_null() {
        return FAILED;
    }
    // SAFETY: by the header's contract, a terminated string.
    let name = unsafe { CStr::from_ptr(name) };
    if intercept::name_lock(lock as u64, name.to_bytes()) {
        DONE
    } else {
        FAILED
    }
}
