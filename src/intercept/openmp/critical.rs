//! Critical sections: they cannot be tried, so whoever comes looks whether somebody is inside.
//!
//! Who comes in between the look and the call is not seen to wait, nor is who comes before
//! the one inside has left its name (`inside.rs`): of sections shorter than that some
//! waits are missed. The counts are exact.
#![allow(unsafe_code, reason = "calls an OpenMP library")]

use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::capture::Caller;
use super::super::passing::begin_release;
use super::super::thread::{self, Thread};
use super::super::{Acquisition, Lock, Outcome, Visit, begin_if_due, end, release, table, wait};
use super::inside::{self, Place};
use super::is_watched;
use super::lock::lock_of;
use crate::record::UNNAMED_CRITICAL;

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

fn come_in(section: u64, caller: Caller, real: &dyn Fn()) {
    if !is_watched() {
        return real();
    }
    let place = inside::place_of(section);
    let call = Coming {
        section,
        place,
        real,
    };
    let is_due = Thread::current().is_due();
    if is_due || call.owner() != 0 {
        come_in_slow(&call, caller, is_due);
    } else {
        call.wait();
    }
}

#[cold]
#[inline(never)]
fn come_in_slow(call: &Coming<'_>, caller: Caller, is_due: bool) {
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

fn leave(section: u64, caller: Caller, real: &dyn Fn()) {
    let is_awaited = inside::place_of(section).is_some_and(|place| place.leave(section));
    let has_something = is_awaited || Thread::current().held_len.get() != 0;
    let releasing = (has_something && is_watched())
        .then(|| begin_release(section, 1, is_awaited, caller))
        .flatten();
    match releasing {
        Some(releasing) => {
            release(&releasing, lock_of(section), 1, is_awaited, || {
                real();
                0
            });
        }
        None => real(),
    }
}

/// Whether the functions that GCC calls lead to those that LLVM calls, of the same
/// library and through us: then they are told of there.
static IS_LAYERED: AtomicBool = AtomicBool::new(false);

/// Looks whether that is so.
pub(super) fn learn_layers() {
    let file_of = |function: *const c_void| {
        let mut info = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
        // SAFETY: any address may be asked for, and the place is valid to write to.
        let is_known = unsafe { libc::dladdr(function, info.as_mut_ptr()) } != 0;
        // SAFETY: zeros are a value of it.
        let file = unsafe { info.assume_init() }.dli_fbase;
        is_known.then_some(file)
    };
    let [gcc, llvm] = [
        &table::GOMP_critical_start::REAL,
        &table::__kmpc_critical::REAL,
    ];
    let is_layered = [gcc, llvm]
        .iter()
        .all(|real| !table::is_missing(real.get()))
        && file_of(gcc.get()) == file_of(llvm.get());
    IS_LAYERED.store(is_layered, Ordering::Relaxed);
}

fn is_layered() -> bool {
    IS_LAYERED.load(Ordering::Relaxed)
}

macro_rules! gnu {
    ($($name:ident($($argument:ident: $type:ty)?) of $section:expr => $what:ident;)*) => {$(
        #[allow(non_snake_case, reason = "the library's name")]
        pub(crate) unsafe extern "C-unwind" fn $name(
            $($argument: $type,)?
            sp: usize,
            bp: usize,
        ) -> c_int {
            let caller = Caller { sp, bp };
            let real = table::$name::target(caller);
            // SAFETY: the host's own call.
            let real = || unsafe {
                table::$name::call_at(real, $($argument)?);
            };
            if is_layered() {
                real();
            } else {
                $what($section, caller, &real);
            }
            0
        }
    )*};
}

// A named section's lock is the word that the name stands for, or leads to.
gnu! {
    GOMP_critical_start() of UNNAMED_CRITICAL => come_in;
    GOMP_critical_end() of UNNAMED_CRITICAL => leave;
    GOMP_critical_name_start(name: *mut *mut c_void) of name as u64 => come_in;
    GOMP_critical_name_end(name: *mut *mut c_void) of name as u64 => leave;
}

macro_rules! llvm {
    ($($name:ident($($hint:ident)?) => $what:ident;)*) => {$(
        pub(crate) unsafe extern "C-unwind" fn $name(
            place: *mut c_void,
            thread: c_int,
            name: *mut c_void,
            $($hint: usize,)?
            sp: usize,
            bp: usize,
        ) -> c_int {
            let caller = Caller { sp, bp };
            let real = table::$name::target(caller);
            // SAFETY: the host's own call.
            $what(name as u64, caller, &|| unsafe {
                table::$name::call_at(real, place, thread, name, $($hint)?);
            });
            0
        }
    )*};
}

llvm! {
    __kmpc_critical() => come_in;
    __kmpc_critical_with_hint(hint) => come_in;
    __kmpc_end_critical() => leave;
}
