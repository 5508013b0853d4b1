//! Locks that do not count how deep a thread holds them: tried first, like mutexes.
#![allow(unsafe_code, reason = "calls the C library")]

use std::ffi::c_int;
use std::marker::PhantomData;

use super::capture::Caller;
use super::thread::Thread;
use super::{Acquisition, Lock, Outcome, Visit, acquire, attempt, passing, thread, wait};
use crate::record::Kind;

/// One way to take such a lock.
pub(super) trait Flat {
    /// The lock in memory.
    type Raw;
    const KIND: Kind;
    /// Whether a thread that holds it may take it once more.
    const IS_SHARED: bool;
    /// # Safety
    /// As for the C function.
    unsafe fn lock(raw: *mut Self::Raw) -> c_int;
    /// # Safety
    /// As for the C function.
    unsafe fn trylock(raw: *mut Self::Raw) -> c_int;
    /// The kernel's id of the one thread that holds it; 0 unknown.
    fn owner(raw: *const Self::Raw) -> u32;
    /// Whether it looks as if it could be had at once.
    fn looks_free(raw: *const Self::Raw) -> bool;
}

/// The lock, as a call of this sort sees it.
pub(super) fn lock_of<F: Flat>(raw: *const F::Raw) -> Lock {
    Lock {
        address: raw as u64,
        kind: F::KIND,
    }
}

/// One call of the host that takes such a lock; `waiting` is the real, waiting one.
struct Taking<F: Flat, W> {
    raw: *mut F::Raw,
    waiting: W,
    sort: PhantomData<F>,
}

impl<F: Flat, W: Fn() -> c_int> Acquisition for Taking<F, W> {
    fn lock(&self) -> Lock {
        lock_of::<F>(self.raw)
    }

    fn attempt(&self) -> c_int {
        // SAFETY: the host's own call, made by another name.
        unsafe { F::trylock(self.raw) }
    }

    fn wait(&self) -> c_int {
        (self.waiting)()
    }

    fn outcome(&self, code: c_int) -> Outcome {
        match code {
            0 => Outcome::Acquired,
            libc::EBUSY => Outcome::Busy,
            error => Outcome::Failed(error),
        }
    }

    fn owner(&self) -> u32 {
        F::owner(self.raw)
    }

    fn depth(&self) -> u32 {
        if F::IS_SHARED {
            Thread::current().held.depth_of(self.raw as u64) + 1
        } else {
            1
        }
    }

    fn depth_if_free(&self, _me: u32) -> Option<u32> {
        F::looks_free(self.raw).then(|| self.depth())
    }

    fn note_nested(&self) {
        Thread::current().held.change_nested(self.raw as u64, 1);
    }
}

/// The countdown ran out: this acquisition is sampled, or this thread watches.
pub(super) unsafe extern "C-unwind" fn lock_sampled<F: Flat>(
    raw: *mut F::Raw,
    sp: usize,
    bp: usize,
) -> c_int {
    if passing::is_passing(raw as u64, 1) {
        // SAFETY: the host's own call, made by another name.
        return match unsafe { F::trylock(raw) } {
            0 => 0,
            // SAFETY: the host's own call, after the try of it.
            code => unsafe { lock_unsettled::<F>(raw, sp, bp, code) },
        };
    }
    // SAFETY: the host's own call.
    take::<F>(raw, Caller { sp, bp }, &|| unsafe { F::lock(raw) })
}

/// The try of the gate returned another code than 0.
pub(super) unsafe extern "C-unwind" fn lock_unsettled<F: Flat>(
    raw: *mut F::Raw,
    sp: usize,
    bp: usize,
    code: c_int,
) -> c_int {
    if code != libc::EBUSY {
        return code;
    }
    // SAFETY: the host's own call.
    let waiting: &dyn Fn() -> c_int = &|| unsafe { F::lock(raw) };
    let call = taking::<F, _>(raw, waiting);
    match Visit::begin(Caller { sp, bp }) {
        Some(visit) => wait(visit, &call, lock_of::<F>(raw), None),
        None => {
            thread::lose_wait_while_inside();
            call.wait()
        }
    }
}

/// The host's own trylock, to be sampled.
pub(super) unsafe extern "C-unwind" fn trylock_sampled<F: Flat>(
    raw: *mut F::Raw,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let real: &dyn Fn() -> c_int = &|| unsafe { F::trylock(raw) };
    match Visit::begin_or_lose(Caller { sp, bp }) {
        Some(visit) => attempt(&visit, &taking::<F, _>(raw, real)),
        None => real(),
    }
}

/// Any other call that takes it.
pub(super) fn take<F: Flat>(
    raw: *mut F::Raw,
    caller: Caller,
    waiting: &dyn Fn() -> c_int,
) -> c_int {
    let call = taking::<F, _>(raw, waiting);
    match Visit::begin_or_lose(caller) {
        Some(visit) => acquire(visit, &call),
        None => call.wait(),
    }
}

fn taking<F: Flat, W: Fn() -> c_int>(raw: *mut F::Raw, waiting: W) -> Taking<F, W> {
    Taking {
        raw,
        waiting,
        sort: PhantomData,
    }
}

/// A release by a thread that holds a sampled lock, or of a lock that somebody may
/// wait for (`is_wanted`).
pub(super) fn release(
    lock: Lock,
    is_wanted: bool,
    caller: Caller,
    real: impl FnOnce() -> c_int,
) -> c_int {
    let held = &Thread::current().held;
    let depth = held.depth_of(lock.address).max(1);
    let is_told = is_wanted || depth > 1;
    let Some(releasing) = passing::begin_release(lock.address, depth, is_told, caller) else {
        return real();
    };
    let code = super::release(&releasing, lock, depth, is_wanted, real);
    if code == 0 && depth > 1 {
        held.change_nested(lock.address, -1);
    }
    code
}
