//! Finding the real functions: all of them at the first call of any, whoever makes it.
//!
//! Allocators lock before our constructor runs, so a gate cannot rely on it. All
//! rows at once, because `dlsym` takes the loader's lock: looked up one by one,
//! some later call could wait for a `dlopen` whose constructors wait for the
//! lock the host is about to take.
#![allow(unsafe_code, reason = "asks the dynamic loader")]

use std::ffi::{CStr, c_char, c_void};
use std::hint;

use super::openmp;
use super::table::{Family, ROWS, Row};

/// Version of the condition functions whose condition variables are as they are
/// today; the older version exists beside it and, before glibc 2.36, is what an
/// unversioned question is answered with.
#[cfg(target_arch = "x86_64")]
const CONDITION_VERSION: &CStr = c"GLIBC_2.3.2";
#[cfg(not(target_arch = "x86_64"))]
const CONDITION_VERSION: &CStr = c"GLIBC_2.17";

/// Finds every real function and lets the slots lead there. Any number of
/// threads may do so at once: they find the same.
///
/// OpenMP's are not looked for: mostly there are none, and a question that fails calls
/// malloc, which may be where we are called from.
pub(super) extern "C" fn resolve_all() {
    for row in ROWS {
        if row.family != Family::OpenMp {
            resolve(row);
        }
        row.slot.set(row.way_past());
    }
}

/// Finds OpenMP's functions, if there is a library that looks as if it had them. Called
/// by the constructor only.
pub(super) fn resolve_openmp() {
    if openmp::provider::is_there() {
        for row in ROWS.iter().filter(|row| row.family == Family::OpenMp) {
            resolve(row);
            row.slot.set(row.way_past());
        }
    }
}

fn resolve(row: &Row) {
    let real = next(row);
    if !real.is_null() {
        row.real.set(real);
    }
}

fn next(row: &Row) -> *const c_void {
    let name = row.name.as_ptr().cast::<c_char>();
    let mut found = std::ptr::null_mut();
    if row.two_versions {
        // SAFETY: both texts are terminated.
        found = unsafe { libc::dlvsym(libc::RTLD_NEXT, name, CONDITION_VERSION.as_ptr()) };
    }
    if found.is_null() {
        // SAFETY: the name is terminated.
        found = unsafe { libc::dlsym(libc::RTLD_NEXT, name) };
    }
    // "Next" means behind the module the question comes from, which the loader
    // takes from the return address: a tail call would ask in the caller's name.
    hint::black_box(found)
}

/// Lets the slots of these families lead through their gates.
pub(super) fn lead_through_gates(is_wanted: impl Fn(Family) -> bool) {
    for row in ROWS.iter().filter(|row| is_wanted(row.family)) {
        row.slot.set(row.way_through());
    }
}

/// Lets every slot lead straight to the real function.
pub(super) fn lead_past_gates() {
    for row in ROWS {
        row.slot.set(row.way_past());
    }
}
