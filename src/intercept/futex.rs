//! Waits by the kernel's futex, for those who call it themselves: Rust's standard library,
//! `std::atomic::wait`, parking_lot, Abseil, GLib's mutexes, TBB.
//!
//! They go through the C library's `syscall`; the C library itself does not. What such a
//! wait is for cannot be known, so it is a sync wait, told by its address and its place;
//! who waits for a lock so has found it taken before. Whoever wakes is known by the address.
#![allow(unsafe_code, reason = "calls the C library")]

use std::cell::Cell;
use std::ffi::{c_int, c_long};

use super::capture::Caller;
use super::sync::{self, Ended, Waker};
use super::{Lock, Visit, table, waiters};
use crate::record::Kind;
use crate::sys;

/// Without its flags an operation is this much of its argument.
const OPERATION: usize = 0x7f;

// linux/futex.h; the libc crate does not know all of them.
const LOCK_PI2: c_int = 13;

/// The arguments of a call, whatever their number: the rest is what happens to be there.
#[repr(C)]
pub(crate) struct Arguments {
    /// Where the word is that is waited at.
    address: usize,
    operation: usize,
    value: usize,
    timeout: usize,
    /// Another word, of some operations.
    other: usize,
    value3: usize,
}

impl Arguments {
    /// For gates that are no assembler.
    #[cfg_attr(
        not(any(
            lockprof_portable,
            not(any(target_arch = "x86_64", target_arch = "aarch64"))
        )),
        allow(dead_code, reason = "gates in assembler lay them out themselves")
    )]
    pub(super) fn new([address, operation, value, timeout, other, value3]: [usize; 6]) -> Self {
        Self {
            address,
            operation,
            value,
            timeout,
            other,
            value3,
        }
    }

    fn call(&self) -> c_long {
        // SAFETY: the host's own call.
        unsafe {
            table::syscall::real(
                libc::SYS_futex,
                self.address,
                self.operation,
                self.value,
                self.timeout,
                self.other,
                self.value3,
            )
        }
    }
}

/// What an operation is to us.
enum Meaning {
    /// It waits until it is woken.
    Wait,
    /// It ends waits.
    Wake,
    Other,
}

fn meaning(operation: usize) -> Meaning {
    match c_int::try_from(operation & OPERATION).unwrap_or(c_int::MAX) {
        libc::FUTEX_WAIT
        | libc::FUTEX_WAIT_BITSET
        | libc::FUTEX_LOCK_PI
        | LOCK_PI2
        | libc::FUTEX_WAIT_REQUEUE_PI => Meaning::Wait,
        libc::FUTEX_WAKE
        | libc::FUTEX_WAKE_BITSET
        | libc::FUTEX_WAKE_OP
        | libc::FUTEX_REQUEUE
        | libc::FUTEX_CMP_REQUEUE
        | libc::FUTEX_CMP_REQUEUE_PI
        | libc::FUTEX_UNLOCK_PI => Meaning::Wake,
        _ => Meaning::Other,
    }
}

/// `syscall(SYS_futex, …)`; all other calls stay in the gate.
pub(crate) unsafe extern "C-unwind" fn futex(
    arguments: *const Arguments,
    sp: usize,
    bp: usize,
) -> c_long {
    // SAFETY: the gate laid them out on the stack and waits for this function.
    let arguments = unsafe { &*arguments };
    let caller = Caller { sp, bp };
    match meaning(arguments.operation) {
        Meaning::Wait => wait(arguments, caller),
        Meaning::Wake => wake(arguments, caller),
        Meaning::Other => arguments.call(),
    }
}

fn object_of(address: usize) -> Lock {
    Lock {
        address: address as u64,
        kind: Kind::Futex,
    }
}

/// As the code of a call what says how it ended: 0, or its errno.
fn noting(answer: &Cell<c_long>, call: impl FnOnce() -> c_long) -> c_int {
    answer.set(call());
    if answer.get() == -1 { sys::errno() } else { 0 }
}

#[cold]
#[inline(never)]
fn wait(arguments: &Arguments, caller: Caller) -> c_long {
    let Some(visit) = Visit::begin(caller) else {
        return arguments.call();
    };
    let answer = Cell::new(0);
    let real = || noting(&answer, || arguments.call());
    let object = object_of(arguments.address);
    // EAGAIN, that the word is another meanwhile, is no wait, and neither is a mistake.
    sync::wait(visit, object, Waker::InCell, real, |code| match code {
        libc::EINTR => Ended::Interrupted,
        code => Ended::of(code),
    });
    answer.get()
}

fn wake(arguments: &Arguments, caller: Caller) -> c_long {
    let places = [arguments.address, arguments.other];
    let is_two = (arguments.operation & OPERATION) == FUTEX_WAKE_OP;
    let mut awaited = places.iter().take(if is_two { 2 } else { 1 });
    let Some(address) = awaited.find(|address| waiters::are_there(**address as u64)) else {
        return arguments.call();
    };
    let answer = Cell::new(0);
    sync::wake(object_of(*address), u32::MAX, caller, || {
        noting(&answer, || arguments.call())
    });
    answer.get()
}

const FUTEX_WAKE_OP: usize = libc::FUTEX_WAKE_OP.cast_unsigned() as usize;
