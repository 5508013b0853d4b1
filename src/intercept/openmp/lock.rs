//! OpenMP's locks, simple and nestable: tried first, as mutexes are.
#![allow(unsafe_code, reason = "calls an OpenMP library and reads its locks")]

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::marker::PhantomData;
use std::sync::atomic::{AtomicI32, Ordering};

use super::super::capture::Caller;
use super::super::passing::begin_release;
use super::super::thread::{self, Thread};
use super::super::{
    Acquisition, Lock, Outcome, Visit, acquire, attempt, lifetime, passing, release, table, wait,
    waiters,
};
use super::is_watched;
use crate::record::Kind;

/// A lock in memory: its size depends on the library.
pub(crate) type OmpLock = c_void;

pub(super) fn lock_of(address: u64) -> Lock {
    Lock {
        address,
        kind: Kind::OpenMp,
    }
}

/// The first word: in GNU's library 0 is free, 1 taken, −1 waited for. In LLVM's it is
/// something else that is hardly ever 0 or 1.
fn word(lock: *const OmpLock) -> u32 {
    // SAFETY: a lock the host is calling us about has four aligned, readable bytes at
    // least, which other threads change atomically.
    let word = unsafe { &*lock.cast::<AtomicI32>() };
    word.load(Ordering::Relaxed).cast_unsigned()
}

/// Whether somebody may wait for one that is held, as its gate looks: where GNU's library
/// says 1, nobody does. What the words of others mean is their business.
#[inline(always)]
pub(in crate::intercept) fn may_be_waited_for(lock: *const OmpLock) -> bool {
    word(lock) != 1
}

/// Whether somebody does: where the word does not tell, by whom we have seen waiting.
fn is_waited_for(lock: *const OmpLock) -> bool {
    may_be_waited_for(lock) && (word(lock) == u32::MAX || waiters::are_there(lock as u64))
}

/// Simple locks or nestable ones: the functions of the library that a call is meant for.
pub(crate) trait Sort {
    const IS_NESTABLE: bool;
    /// # Safety
    /// As for the function of OpenMP.
    unsafe fn set(lock: *mut OmpLock, caller: Caller);
    /// # Safety
    /// As for the function of OpenMP.
    unsafe fn unset(lock: *mut OmpLock, caller: Caller);
    /// Answers how deep it is held then, or 0.
    ///
    /// # Safety
    /// As for the function of OpenMP.
    unsafe fn test(lock: *mut OmpLock, caller: Caller) -> c_int;

    /// How deep the caller holds it. No call says so, and every library lays them out in its
    /// own way; but who takes a nestable one once more is told, and gives it back at once.
    ///
    /// # Safety
    /// The caller holds it.
    unsafe fn depth(lock: *mut OmpLock, caller: Caller) -> u32 {
        if !Self::IS_NESTABLE {
            return 1;
        }
        // SAFETY: by who holds it, before its own call.
        let deeper = unsafe { Self::test(lock, caller) };
        if deeper != 0 {
            // SAFETY: what was just taken.
            unsafe { Self::unset(lock, caller) };
        }
        u32::try_from(deeper - 1).unwrap_or(1).max(1)
    }
}

macro_rules! sorts {
    ($($(#[$what:meta])* $sort:ident is $is_nestable:literal: $set:ident, $unset:ident, $test:ident;)*) => {$(
        $(#[$what])*
        pub(crate) struct $sort;

        impl Sort for $sort {
            const IS_NESTABLE: bool = $is_nestable;

            #[inline(always)]
            unsafe fn set(lock: *mut OmpLock, caller: Caller) {
                // SAFETY: the caller's part.
                unsafe { table::$set::call_at(table::$set::target(caller), lock) };
            }
            #[inline(always)]
            unsafe fn unset(lock: *mut OmpLock, caller: Caller) {
                // SAFETY: the caller's part.
                unsafe { table::$unset::call_at(table::$unset::target(caller), lock) };
            }
            #[inline(always)]
            unsafe fn test(lock: *mut OmpLock, caller: Caller) -> c_int {
                let test = table::$test::target(caller);
                if table::is_missing(test) {
                    return 0;
                }
                // SAFETY: the caller's part.
                unsafe { table::$test::call_at(test, lock) }
            }
        }
    )*

        /// Where a library has such locks but no test, as only an incomplete one can, they
        /// lead past their gates: these would take "missing" for a lock that was taken.
        pub(super) fn pass_by_untested() {
            $(if table::is_missing(table::$test::REAL.get()) && !table::is_missing(table::$set::REAL.get()) {
                table::$set::SLOT.set(table::$set::REAL.get());
                table::$unset::SLOT.set(table::$unset::REAL.get());
            })*
        }
    };
}

sorts! {
    /// `omp_lock_t`.
    Simple is false: omp_set_lock, omp_unset_lock, omp_test_lock;
    /// `omp_nest_lock_t`.
    Nestable is true: omp_set_nest_lock, omp_unset_nest_lock, omp_test_nest_lock;
    /// The same of Fortran, which has functions of its own.
    SimpleFortran is false: omp_set_lock_, omp_unset_lock_, omp_test_lock_;
    /// The same of Fortran, where GNU's library has a pointer to it: to us it is the lock.
    NestableFortran is true: omp_set_nest_lock_, omp_unset_nest_lock_, omp_test_nest_lock_;
}

/// One call of the host that takes a lock.
struct Taking<S> {
    lock: *mut OmpLock,
    caller: Caller,
    /// What the test answered.
    depth: Cell<c_int>,
    sort: PhantomData<S>,
}

impl<S: Sort> Acquisition for Taking<S> {
    fn lock(&self) -> Lock {
        lock_of(self.lock as u64)
    }

    fn attempt(&self) -> c_int {
        // SAFETY: the host's own call, perhaps made by another name.
        self.depth.set(unsafe { S::test(self.lock, self.caller) });
        if self.depth.get() == 0 {
            libc::EBUSY
        } else {
            0
        }
    }

    fn wait(&self) -> c_int {
        // SAFETY: the host's own call.
        unsafe { S::set(self.lock, self.caller) };
        0
    }

    fn outcome(&self, code: c_int) -> Outcome {
        match code {
            0 => Outcome::Acquired,
            _ => Outcome::Busy,
        }
    }

    fn owner(&self) -> u32 {
        0
    }

    fn depth(&self) -> u32 {
        u32::try_from(self.depth.get()).unwrap_or(0).max(1)
    }

    fn depth_if_free(&self, _me: u32) -> Option<u32> {
        (word(self.lock) == 0).then_some(1)
    }
}

impl<S: Sort> Taking<S> {
    fn new(lock: *mut OmpLock, caller: Caller) -> Self {
        Self {
            lock,
            caller,
            depth: Cell::new(0),
            sort: PhantomData,
        }
    }
}

// ---- behind the gates

/// The countdown ran out: this acquisition is sampled, or this thread watches.
pub(crate) unsafe extern "C-unwind" fn set_sampled<S: Sort>(
    lock: *mut OmpLock,
    sp: usize,
    bp: usize,
) -> c_int {
    let caller = Caller { sp, bp };
    let call = Taking::<S>::new(lock, caller);
    if word(lock) == 0 && passing::is_passing(lock as u64, 1) {
        if call.attempt() == 0 {
            return 0;
        }
        // SAFETY: the host's own call, after the try of it.
        return unsafe { set_unsettled::<S>(lock, sp, bp) };
    }
    match Visit::begin_or_lose(caller) {
        Some(visit) => acquire(visit, &call),
        None => call.wait(),
    }
}

/// The test of the gate has said that somebody else holds it.
pub(crate) unsafe extern "C-unwind" fn set_unsettled<S: Sort>(
    lock: *mut OmpLock,
    sp: usize,
    bp: usize,
) -> c_int {
    let caller = Caller { sp, bp };
    let call = Taking::<S>::new(lock, caller);
    match Visit::begin(caller) {
        Some(visit) => wait(visit, &call, call.lock(), None),
        None => {
            thread::lose_wait_while_inside();
            call.wait()
        }
    }
}

/// The host's own test, to be sampled; answers as the library does.
pub(crate) unsafe extern "C-unwind" fn test_sampled<S: Sort>(
    lock: *mut OmpLock,
    sp: usize,
    bp: usize,
) -> c_int {
    let caller = Caller { sp, bp };
    let call = Taking::<S>::new(lock, caller);
    match Visit::begin_or_lose(caller) {
        Some(visit) => {
            attempt(&visit, &call);
        }
        None => {
            call.attempt();
        }
    }
    call.depth.get()
}

/// A release while this thread holds a sampled lock, or when somebody may wait.
pub(crate) unsafe extern "C-unwind" fn unset_held<S: Sort>(
    lock: *mut OmpLock,
    sp: usize,
    bp: usize,
) -> c_int {
    let caller = Caller { sp, bp };
    let is_wanted = is_waited_for(lock);
    let has_something = is_wanted || Thread::current().held_len.get() != 0;
    if has_something && is_watched() {
        // SAFETY: the host's own call.
        unsafe { unset_telling::<S>(lock, caller, is_wanted) };
    } else {
        // SAFETY: the host's own call.
        unsafe { S::unset(lock, caller) };
    }
    0
}

/// # Safety
/// As for the function of OpenMP.
#[cold]
#[inline(never)]
unsafe fn unset_telling<S: Sort>(lock: *mut OmpLock, caller: Caller, is_wanted: bool) {
    // SAFETY: the caller's part: it holds the lock.
    let depth = unsafe { S::depth(lock, caller) };
    // SAFETY: the caller's part.
    let real = || unsafe { S::unset(lock, caller) };
    match begin_release(lock as u64, depth, is_wanted, caller) {
        Some(releasing) => {
            release(&releasing, lock_of(lock as u64), depth, is_wanted, || {
                real();
                0
            });
        }
        None => real(),
    }
}

// ---- while no library is behind us: what each call is meant for has to be found out

/// As the gate of a set, for a library that was opened late.
pub(crate) unsafe extern "C-unwind" fn set_late<S: Sort>(
    lock: *mut OmpLock,
    sp: usize,
    bp: usize,
) -> c_int {
    let caller = Caller { sp, bp };
    if !is_watched() {
        // SAFETY: the host's own call.
        unsafe { S::set(lock, caller) };
    } else if Thread::current().is_due() {
        // SAFETY: the host's own call.
        unsafe { set_sampled::<S>(lock, sp, bp) };
    // SAFETY: the host's own call, made by another name.
    } else if unsafe { S::test(lock, caller) } == 0 {
        // SAFETY: the host's own call, after the try of it.
        unsafe { set_unsettled::<S>(lock, sp, bp) };
    }
    0
}

/// As the gate of a test.
pub(crate) unsafe extern "C-unwind" fn test_late<S: Sort>(
    lock: *mut OmpLock,
    sp: usize,
    bp: usize,
) -> c_int {
    if is_watched() && Thread::current().is_due() {
        // SAFETY: the host's own call.
        unsafe { test_sampled::<S>(lock, sp, bp) }
    } else {
        // SAFETY: the host's own call.
        unsafe { S::test(lock, Caller { sp, bp }) }
    }
}

macro_rules! lives {
    ($($name:ident($($argument:ident: $type:ty),*) => $note:ident;)*) => {$(
        pub(crate) unsafe extern "C-unwind" fn $name(
            lock: *mut OmpLock,
            $($argument: $type,)*
            sp: usize,
            bp: usize,
        ) -> c_int {
            let caller = Caller { sp, bp };
            let real = table::$name::target(caller);
            // SAFETY: the host's own call.
            let answer = unsafe { table::$name::call_at(real, lock, $($argument),*) };
            if is_watched() {
                $note(lock as u64, caller);
            }
            answer
        }
    )*};
}

lives! {
    omp_init_lock() => begin_life;
    omp_init_nest_lock() => begin_life;
    omp_init_lock_with_hint(hint: usize) => begin_life;
    omp_init_nest_lock_with_hint(hint: usize) => begin_life;
    omp_destroy_lock() => end_life;
    omp_destroy_nest_lock() => end_life;
    omp_init_lock_() => begin_life;
    omp_init_nest_lock_() => begin_life;
    omp_destroy_lock_() => end_life;
    omp_destroy_nest_lock_() => end_life;
}

fn begin_life(address: u64, caller: Caller) {
    lifetime::note_init(lock_of(address), caller);
}

fn end_life(address: u64, caller: Caller) {
    lifetime::forget(address, caller);
}
