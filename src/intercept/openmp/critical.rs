//! Critical sections: they cannot be tried, so whoever comes looks whether somebody is inside.
//!
//! Who comes in between the look and the call is not seen to wait, nor is who comes before
//! the one inside has left its name (`inside.rs`): of sections shorter than that some
//! waits are missed. The counts are exact.
#![allow(unsafe_code, reason = "calls an OpenMP library")]

use super::super::capture::Caller;
use super::super::passing::{self, begin_release};
use super::super::thread::{self, Thread};
use super::super::{Acquisition, Lock, Outcome, Visit, begin_if_due, end, release, table, wait};
use super::inside::{self, Place};
use super::is_watched;
use super::lock::lock_of;
use crate::record::UNNAMED_CRITICAL;
use std::ffi::{c_int, c_void};

/// One call of the host that comes into a critical section.
struct Coming<'a> {
    section: u64,
    place: Option<&'static Place>,
    real: &'a dyn Fn(),
}

impl Acquisition for Coming<'_> {
    fn lock(&self) -> Lock {
        lock_of(self.section)
    }

    fn attempt(&self) -> c_int {
        self.wait()
    }

    fn wait(&self) -> c_int {
        (self.real)();
        let me = Thread::current().id.get();
        if let Some(place) = self.place {
            place.enter(self.section, me);
        }
        0
    }

    fn outcome(&self, _code: c_int) -> Outcome {
        Outcome::Acquired
    }

    fn owner(&self) -> u32 {
        self.place.map_or(0, |place| place.holder(self.section))
    }

    fn depth(&self) -> u32 {
        1
    }

    /// Nothing is handed in early: whether it can be had is not sure enough.
    fn depth_if_free(&self, _me: u32) -> Option<u32> {
        None
    }
}

/// Comes in by `real`, or by `slow`, which is told whether it is this thread's turn to be
/// sampled.
#[inline(always)]
fn come_in(section: u64, real: impl FnOnce(), slow: impl FnOnce(bool)) {
    let place = inside::place_of(section);
    let is_due = Thread::current().is_due();
    if is_due || place.is_some_and(|place| place.holder(section) != 0) {
        return slow(is_due);
    }
    real();
    if let Some(place) = place {
        place.enter(section, Thread::current().id.get());
    }
}

fn come_in_slow(section: u64, caller: Caller, real: &dyn Fn(), is_due: bool) {
    let place = inside::place_of(section);
    let call = &Coming {
        section,
        place,
        real,
    };
    if call.owner() == 0 && passing::is_passing(call.section, 1) {
        call.wait();
        return;
    }
    let visit = Visit::begin(caller);
    let Some(visit) = visit else {
        if is_due {
            thread::lose_while_inside();
        }
        call.wait();
        return;
    };
    let mut sampled = if is_due {
        begin_if_due(&visit, call, call.lock())
    } else {
        None
    };
    if call.owner() != 0 {
        if let Some(place) = call.place {
            place.wait();
        }
        wait(visit, call, call.lock(), sampled.as_mut());
        return;
    }
    let (_, visit) = visit.outside(|| call.wait());
    if let Some(visit) = visit {
        end(&visit, call, sampled.as_mut(), Outcome::Acquired, false);
    }
}

/// Leaves by `real`, or by `slow`, which is told whether somebody may wait.
#[inline(always)]
fn leave(section: u64, real: impl FnOnce(), slow: impl FnOnce(bool)) {
    let is_awaited = inside::place_of(section).is_some_and(|place| place.leave(section));
    if is_awaited || Thread::current().held_len.get() != 0 {
        slow(is_awaited);
    } else {
        real();
    }
}

fn leave_slow(section: u64, caller: Caller, real: &dyn Fn(), is_awaited: bool) {
    match begin_release(section, 1, is_awaited, caller) {
        Some(releasing) => {
            release(&releasing, lock_of(section), 1, is_awaited, || {
                real();
                0
            });
        }
        None => real(),
    }
}

/// Where the functions that GCC calls lead to those that LLVM calls, of the same library
/// and through us, a section is told of there: then the former lead past their gates.
pub(super) fn pass_by_layers() {
    let file_of = |function: *const c_void| {
        let mut info = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
        // SAFETY: any address may be asked for, and the place is valid to write to.
        let is_known = unsafe { libc::dladdr(function, info.as_mut_ptr()) } != 0;
        // SAFETY: zeros are a value of it.
        let file = unsafe { info.assume_init() }.dli_fbase;
        is_known.then_some(file)
    };
    let gcc = &table::GOMP_critical_start::REAL;
    let llvm = &table::__kmpc_critical::REAL;
    let are_there = [gcc, llvm]
        .iter()
        .all(|real| !table::is_missing(real.get()));
    if are_there && file_of(gcc.get()) == file_of(llvm.get()) {
        table::GOMP_critical_start::SLOT.set(table::GOMP_critical_start::REAL.get());
        table::GOMP_critical_end::SLOT.set(table::GOMP_critical_end::REAL.get());
        table::GOMP_critical_name_start::SLOT.set(table::GOMP_critical_name_start::REAL.get());
        table::GOMP_critical_name_end::SLOT.set(table::GOMP_critical_name_end::REAL.get());
    }
}

macro_rules! sections {
    ($($name:ident($($argument:ident: $type:ty),*) of $section:expr => $what:ident, $slow:ident;)*) => {$(
        #[allow(non_snake_case, reason = "the library's name")]
        pub(crate) mod $name {
            use super::*;

            /// Behind its gate.
            pub(crate) unsafe extern "C-unwind" fn pass(
                $($argument: $type,)*
                sp: usize,
                bp: usize,
            ) -> c_int {
                // SAFETY: the host's own call.
                let real = || unsafe {
                    table::$name::real($($argument),*);
                };
                // SAFETY: the host's own call.
                $what($section, real, |flag| unsafe {
                    slow($($argument,)* sp, bp, flag);
                });
                0
            }

            /// The same for a library that was opened late: it may be another for each caller.
            pub(crate) unsafe extern "C-unwind" fn late(
                $($argument: $type,)*
                sp: usize,
                bp: usize,
            ) -> c_int {
                // SAFETY: the host's own call.
                let real = || unsafe {
                    table::$name::call_at(table::$name::target(Caller { sp, bp }), $($argument),*);
                };
                if !is_watched() {
                    real();
                    return 0;
                }
                // SAFETY: the host's own call.
                $what($section, real, |flag| unsafe {
                    slow($($argument,)* sp, bp, flag);
                });
                0
            }

            #[cold]
            #[inline(never)]
            #[allow(clippy::too_many_arguments, reason = "as many as the function has")]
            unsafe extern "C-unwind" fn slow($($argument: $type,)* sp: usize, bp: usize, flag: bool) {
                let caller = Caller { sp, bp };
                let real = table::$name::target(caller);
                // SAFETY: the host's own call.
                let real = || unsafe {
                    table::$name::call_at(real, $($argument),*);
                };
                $slow($section, caller, &real, flag);
            }
        }
    )*};
}

// A named section's lock is the word that the name stands for, or leads to.
sections! {
    GOMP_critical_start() of UNNAMED_CRITICAL => come_in, come_in_slow;
    GOMP_critical_end() of UNNAMED_CRITICAL => leave, leave_slow;
    GOMP_critical_name_start(name: *mut *mut c_void) of name as u64 => come_in, come_in_slow;
    GOMP_critical_name_end(name: *mut *mut c_void) of name as u64 => leave, leave_slow;
    __kmpc_critical(place: *mut c_void, thread: c_int, name: *mut c_void) of name as u64
        => come_in, come_in_slow;
    __kmpc_critical_with_hint(place: *mut c_void, thread: c_int, name: *mut c_void, hint: usize)
        of name as u64 => come_in, come_in_slow;
    __kmpc_end_critical(place: *mut c_void, thread: c_int, name: *mut c_void) of name as u64
        => leave, leave_slow;
}
