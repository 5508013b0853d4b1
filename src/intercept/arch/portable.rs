//! Any processor: gates in plain Rust, stacks by libgcc.
//!
//! Everything is counted as it is elsewhere; what it costs is another matter. A
//! gate does not know its caller's registers, so a capture begins among our own
//! frames and libgcc has to walk it. A thread's state is reached the way stable
//! Rust does it, for which the loader may call malloc at the first call after a
//! `dlopen`; it is most of the 55 instructions that a lock and an unlock cost when
//! we are on (4 when off; x86-64). Where that is too much, a processor gets a file
//! of its own.

#![allow(unsafe_code, reason = "hands on the host's calls")]

use super::super::thread::Thread;

pub(in crate::intercept) use super::no_unwinder as unwind;

// Clippy can be told only in lib.rs that this one is meant.
thread_local! {
    // All zeros costs no initialisation, and what needs no drop is there until
    // the very end of its thread.
    static THREAD: Thread = const {
        assert!(!std::mem::needs_drop::<Thread>());
        // SAFETY: integers and bools in cells, for all of which zeros are a value.
        unsafe { std::mem::zeroed() }
    };
}

/// The calling thread's state.
#[inline(always)]
pub(crate) fn thread() -> *const Thread {
    THREAD.with(std::ptr::from_ref)
}

/// Counts one acquisition; says whether it goes the slow way.
#[inline(always)]
pub(crate) fn is_due() -> bool {
    Thread::current().is_due()
}

/// Whether this thread holds a sampled lock.
#[inline(always)]
pub(crate) fn holds_sampled() -> bool {
    Thread::current().held_len.get() != 0
}

/// Keeps the large frame of what is seldom done out of a gate.
#[cold]
#[inline(never)]
pub(crate) fn seldom<R>(call: impl FnOnce() -> R) -> R {
    call()
}

/// The exported function of a row: calls through the row's slot.
macro_rules! entry {
    (
        $(#[$attribute:meta])*
        $visibility:vis fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty => $slot:path
    ) => {
        $(#[$attribute])*
        $visibility unsafe extern "C-unwind" fn $name($($argument: $type),*) -> $result {
            type Function = unsafe extern "C-unwind" fn($($type),*) -> $result;
            // SAFETY: a slot leads to functions of its row's type, or to `missing`,
            // which ignores its arguments and returns a code.
            let function: Function = unsafe { std::mem::transmute($slot.get()) };
            // SAFETY: the host's own call, handed on.
            unsafe { function($($argument),*) }
        }
    };
}

/// Where a slot points before anything is known: finds the real functions, then
/// calls through the slot again.
macro_rules! early {
    (
        $visibility:vis fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty
            => $resolve:path, $slot:path
    ) => {
        $visibility unsafe extern "C-unwind" fn $name($($argument: $type),*) -> $result {
            entry! { fn again($($argument: $type),*) -> $result => $slot }
            $resolve();
            // SAFETY: the host's own call, handed on.
            unsafe { again($($argument),*) }
        }
    };
}

/// The gates: what a slot points to while we profile. They have no registers of
/// the caller to hand on.
macro_rules! gate {
    (
        $(#[$attribute:meta])*
        $visibility:vis fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty
            => $shape:ident $body:tt
    ) => {
        $(#[$attribute])*
        $visibility unsafe extern "C-unwind" fn $name($($argument: $type),*) -> $result {
            // SAFETY: the host's own call, handed on.
            unsafe { gate!(@$shape ($($argument),*) $body) }
        }
    };
    // Takes a lock. Tries first.
    (@acquire ($mutex:ident) { try: $try:ident, sampled: $sampled:path, unsettled: $unsettled:path }) => {
        if $crate::intercept::arch::is_due() {
            $crate::intercept::arch::seldom(move || $sampled($mutex, 0, 0))
        } else {
            match $try::real($mutex) {
                0 => 0,
                code => $crate::intercept::arch::seldom(move || $unsettled($mutex, 0, 0, code)),
            }
        }
    };
    // Takes a lock of OpenMP, whose test answers how deep it is held, or 0.
    (@acquire_by_test ($lock:ident) { test: $test:ident, sampled: $sampled:path, unsettled: $unsettled:path }) => {
        if $crate::intercept::arch::is_due() {
            $crate::intercept::arch::seldom(move || $sampled($lock, 0, 0))
        } else {
            match $test::real($lock) {
                0 => $crate::intercept::arch::seldom(move || $unsettled($lock, 0, 0)),
                depth => depth,
            }
        }
    };
    // Takes a semaphore. Looks and does not try.
    (@acquire_sem ($semaphore:ident) { real: $real:ident, sampled: $sampled:path, unsettled: $unsettled:path }) => {
        if $crate::intercept::arch::is_due() {
            $crate::intercept::arch::seldom(move || $sampled($semaphore, 0, 0))
        } else if $crate::intercept::sem::is_empty($semaphore) {
            $crate::intercept::arch::seldom(move || $unsettled($semaphore, 0, 0))
        } else {
            $real::real($semaphore)
        }
    };
    // Tries to take a lock: the application's own trylock.
    (@attempt ($mutex:ident) { real: $real:ident, sampled: $sampled:path }) => {
        if $crate::intercept::arch::is_due() {
            $crate::intercept::arch::seldom(move || $sampled($mutex, 0, 0))
        } else {
            $real::real($mutex)
        }
    };
    // Releases a mutex.
    (@release ($mutex:ident) { real: $real:ident, held: $held:path }) => {
        if $crate::intercept::arch::holds_sampled()
            || $crate::intercept::layout::may_be_waited_for($mutex)
        {
            $crate::intercept::arch::seldom(move || $held($mutex, 0, 0))
        } else {
            $real::real($mutex)
        }
    };
    // Releases a read-write lock.
    (@release_rwlock ($lock:ident) { real: $real:ident, held: $held:path }) => {
        if $crate::intercept::arch::holds_sampled()
            || $crate::intercept::rwlock::may_be_waited_for($lock)
        {
            $crate::intercept::arch::seldom(move || $held($lock, 0, 0))
        } else {
            $real::real($lock)
        }
    };
    // Releases a lock that does not say whether somebody waits.
    (@release_held ($lock:ident) { real: $real:ident, held: $held:path }) => {
        if $crate::intercept::arch::holds_sampled() {
            $crate::intercept::arch::seldom(move || $held($lock, 0, 0))
        } else {
            $real::real($lock)
        }
    };
    // Posts a semaphore.
    (@release_sem ($semaphore:ident) { real: $real:ident, held: $held:path }) => {
        if $crate::intercept::arch::holds_sampled()
            || $crate::intercept::sem::object::may_be_waited_for($semaphore)
        {
            $crate::intercept::arch::seldom(move || $held($semaphore, 0, 0))
        } else {
            $real::real($semaphore)
        }
    };
    // Releases a lock of OpenMP.
    (@release_openmp ($lock:ident) { real: $real:ident, held: $held:path }) => {
        if $crate::intercept::arch::holds_sampled()
            || $crate::intercept::openmp::lock::may_be_waited_for($lock)
        {
            $crate::intercept::arch::seldom(move || $held($lock, 0, 0))
        } else {
            $real::real($lock)
        }
    };
    // `syscall`: what may be a futex's, or any other call.
    (@futex ($number:ident, $($argument:ident),*) { real: $real:ident, handler: $handler:path }) => {
        if let Some(number) = $crate::intercept::futex::number_of($number) {
            $crate::intercept::arch::seldom(move || {
                let arguments = $crate::intercept::futex::Arguments::new([$($argument),*]);
                $handler(&raw const arguments, 0, 0, number)
            })
        } else {
            $real::real($number, $($argument),*)
        }
    };
    // Anything else.
    (@call () { $handler:path }) => {
        $handler(0, 0)
    };
    (@call ($($argument:ident),*) { $handler:path }) => {
        $handler($($argument),*, 0, 0)
    };
}

pub(crate) use {early, entry, gate};
