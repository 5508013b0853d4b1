//! OpenMP's locks, simple and nestable: tried first, as mutexes are.
#![allow(unsafe_code, reason = "calls an OpenMP library and reads its locks")]

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicI32, Ordering};

use super::super::capture::Caller;
use super::super::passing::begin_release;
use super::super::thread::{self, Thread};
use super::super::{
    Acquisition, Lock, Outcome, Visit, acquire, attempt, lifetime, release, table, wait,
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

/// One call of the host that takes a lock: `set` waits for it, `test` answers how deep it
/// is held then, or 0.
struct Taking<'a> {
    lock: *const OmpLock,
    set: &'a dyn Fn(),
    test: &'a dyn Fn() -> c_int,
    /// What `test` answered.
    depth: Cell<c_int>,
}

impl Acquisition for Taking<'_> {
    fn lock(&self) -> Lock {
        lock_of(self.lock as u64)
    }

    fn attempt(&self) -> c_int {
        self.depth.set((self.test)());
        if self.depth.get() == 0 {
            libc::EBUSY
        } else {
            0
        }
    }

    fn wait(&self) -> c_int {
        (self.set)();
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

impl<'a> Taking<'a> {
    fn new(lock: *const OmpLock, set: &'a dyn Fn(), test: &'a dyn Fn() -> c_int) -> Self {
        Self {
            lock,
            set,
            test,
            depth: Cell::new(0),
        }
    }

    /// Takes it, waiting if need be.
    fn take(&self, caller: Caller) {
        if !is_watched() {
            (self.set)();
        } else if Thread::current().is_due() {
            match Visit::begin_or_lose(caller) {
                Some(visit) => {
                    acquire(visit, self);
                }
                None => (self.set)(),
            }
        } else if self.attempt() != 0 {
            self.wait_for_it(caller);
        }
    }

    #[cold]
    #[inline(never)]
    fn wait_for_it(&self, caller: Caller) {
        match Visit::begin(caller) {
            Some(visit) => {
                wait(visit, self, self.lock(), None);
            }
            None => {
                thread::lose_wait_while_inside();
                (self.set)();
            }
        }
    }

    /// Takes it if it can be had at once; answers as the library does.
    fn try_to_take(&self, caller: Caller) -> c_int {
        if !is_watched() || !Thread::current().is_due() {
            return (self.test)();
        }
        match Visit::begin_or_lose(caller) {
            Some(visit) => {
                attempt(&visit, self);
                self.depth.get()
            }
            None => (self.test)(),
        }
    }
}

/// Releases it. `depth` says how deep it is held, asked only when there is something to tell.
fn give_back(lock: *const OmpLock, caller: Caller, real: &dyn Fn(), depth: &dyn Fn() -> u32) {
    let is_wanted = word(lock) > 1;
    let has_something = is_wanted || Thread::current().held_len.get() != 0;
    let releasing = (has_something && is_watched()).then(|| {
        let depth = depth();
        let releasing = begin_release(lock as u64, depth, is_wanted, caller)?;
        Some((releasing, depth))
    });
    match releasing.flatten() {
        Some((releasing, depth)) => {
            release(&releasing, lock_of(lock as u64), depth, is_wanted, || {
                real();
                0
            });
        }
        None => real(),
    }
}

macro_rules! calls {
    ($set:ident, $unset:ident, $test:ident, $depth:expr) => {
        pub(crate) unsafe extern "C-unwind" fn $set(
            lock: *mut OmpLock,
            sp: usize,
            bp: usize,
        ) -> c_int {
            let caller = Caller { sp, bp };
            let (set, test) = (table::$set::target(caller), table::$test::target(caller));
            // SAFETY: the host's own call.
            let set = || unsafe {
                table::$set::call_at(set, lock);
            };
            // SAFETY: the host's own call, made by another name.
            let test = || unsafe { table::$test::call_at(test, lock) };
            Taking::new(lock, &set, &test).take(caller);
            0
        }

        pub(crate) unsafe extern "C-unwind" fn $test(
            lock: *mut OmpLock,
            sp: usize,
            bp: usize,
        ) -> c_int {
            let caller = Caller { sp, bp };
            let test = table::$test::target(caller);
            // SAFETY: the host's own call.
            let test = || unsafe { table::$test::call_at(test, lock) };
            Taking::new(lock, &|| (), &test).try_to_take(caller)
        }

        pub(crate) unsafe extern "C-unwind" fn $unset(
            lock: *mut OmpLock,
            sp: usize,
            bp: usize,
        ) -> c_int {
            let caller = Caller { sp, bp };
            let (unset, test) = (table::$unset::target(caller), table::$test::target(caller));
            // SAFETY: the host's own call.
            let unset = || unsafe {
                table::$unset::call_at(unset, lock);
            };
            // SAFETY: by who holds it, before its own call.
            let test = || unsafe { table::$test::call_at(test, lock) };
            give_back(lock, caller, &unset, &|| $depth(&test, &unset));
            0
        }
    };
}

calls!(omp_set_lock, omp_unset_lock, omp_test_lock, |_, _| 1);
calls!(
    omp_set_nest_lock,
    omp_unset_nest_lock,
    omp_test_nest_lock,
    nest_depth
);

/// How deep the caller holds a nestable lock. No call says so, and every library lays them
/// out in its own way; but who takes it once more is told, and gives it back at once.
fn nest_depth(test: &impl Fn() -> c_int, unset: &impl Fn()) -> u32 {
    let deeper = test();
    if deeper != 0 {
        unset();
    }
    u32::try_from(deeper - 1).unwrap_or(1).max(1)
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
}

fn begin_life(address: u64, caller: Caller) {
    lifetime::note_init(lock_of(address), caller);
}

fn end_life(address: u64, caller: Caller) {
    lifetime::forget(address, caller);
}
