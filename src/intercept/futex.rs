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
use super::sync::{self, Ended, Waiting, Waker};
use super::{Lock, Visit, table, waiters};
use crate::record::{Kind, Record, Role};
use crate::sys;

/// Without its flags an operation is this much of its argument.
const OPERATION: usize = 0x7f;

// linux/futex.h and asm/unistd.h; the libc crate does not know all of them.
const LOCK_PI2: c_int = 13;
const WAITV: c_int = 449;
const WAKE: c_int = 454;
const WAIT: c_int = 455;

/// One of those that are waited for at once, in memory: `struct futex_waitv`.
#[repr(C)]
struct OneOfMany {
    value: u64,
    address: u64,
    flags: u32,
    reserved: u32,
}

/// The arguments of a call, whatever their number: the rest is what happens to be there.
#[repr(C)]
pub(crate) struct Arguments {
    /// Where the word is that is waited at, or a list of such places.
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

    fn call(&self, number: c_int) -> c_long {
        // SAFETY: the host's own call.
        unsafe {
            table::syscall::real(
                number.into(),
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

/// What a call is to us.
enum Meaning {
    /// It waits until it is woken.
    Wait,
    /// It waits for one of many.
    WaitForAny,
    /// It ends waits.
    Wake,
    Other,
}

/// What the call of this number is: `futex`, or one of its successors.
fn meaning(number: c_int, operation: usize) -> Meaning {
    match number {
        _ if is_futex(number) => meaning_of(operation),
        WAITV => Meaning::WaitForAny,
        WAKE => Meaning::Wake,
        WAIT => Meaning::Wait,
        _ => Meaning::Other,
    }
}

/// The number of a call that may be a futex's, for gates that are no assembler.
#[cfg_attr(
    not(any(
        lockprof_portable,
        not(any(target_arch = "x86_64", target_arch = "aarch64"))
    )),
    allow(dead_code, reason = "gates in assembler compare it themselves")
)]
pub(super) fn number_of(number: c_long) -> Option<c_int> {
    let number = c_int::try_from(number).ok()?;
    (is_futex(number) || (WAITV..=WAIT).contains(&number)).then_some(number)
}

fn is_futex(number: c_int) -> bool {
    c_long::from(number) == libc::SYS_futex
}

fn meaning_of(operation: usize) -> Meaning {
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

/// `syscall(SYS_futex, …)` and what has a number near `futex_waitv`; all other calls stay
/// in the gate.
pub(crate) unsafe extern "C-unwind" fn futex(
    arguments: *const Arguments,
    sp: usize,
    bp: usize,
    number: c_int,
) -> c_long {
    // SAFETY: the gate laid them out on the stack and waits for this function.
    let arguments = unsafe { &*arguments };
    let caller = Caller { sp, bp };
    match meaning(number, arguments.operation) {
        Meaning::Wait => wait(arguments, caller, number),
        Meaning::WaitForAny => wait_for_any(arguments, caller),
        Meaning::Wake => wake(arguments, caller, number),
        Meaning::Other => arguments.call(number),
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

/// EAGAIN, that the word is another meanwhile, is no wait, and neither is a mistake.
fn ended(code: c_int) -> Ended {
    match code {
        libc::EINTR => Ended::Interrupted,
        code => Ended::of(code),
    }
}

#[cold]
#[inline(never)]
fn wait(arguments: &Arguments, caller: Caller, number: c_int) -> c_long {
    let Some(visit) = Visit::begin(caller) else {
        return arguments.call(number);
    };
    let answer = Cell::new(0);
    let real = || noting(&answer, || arguments.call(number));
    let object = object_of(arguments.address);
    sync::wait(visit, object, Waker::InCell, real, ended);
    answer.get()
}

/// `futex_waitv`. Told by the address that woke it, or the first where none did: which that
/// is stands in the program's list, of which is known only afterwards that it may be read.
/// So nobody who wakes can know of this wait.
#[cold]
#[inline(never)]
fn wait_for_any(arguments: &Arguments, caller: Caller) -> c_long {
    let Some(visit) = Visit::begin(caller) else {
        return arguments.call(WAITV);
    };
    let mut waiting = Waiting::begin(&visit, object_of(0), Waker::Unknown);
    let mut record = Record::new(Role::Sync, Kind::Futex, 0);
    waiting.capture_early(&visit, &mut record);
    drop(visit);
    let answer = Cell::new(0);
    let ended = ended(noting(&answer, || arguments.call(WAITV)));
    let end_ns = sys::monotonic_ns();
    let Some(visit) = Visit::begin(caller) else {
        sync::lose_while_inside();
        return answer.get();
    };
    if ended != Ended::Refused {
        let index = usize::try_from(answer.get()).unwrap_or(0);
        let list = arguments.address as *const OneOfMany;
        // SAFETY: the kernel, which has waited for what is in it, has read at least so much
        // of the list in this call.
        waiting.is_for(unsafe { (*list.wrapping_add(index)).address });
    }
    waiting.end(&visit, end_ns, ended, &mut record);
    answer.get()
}

fn wake(arguments: &Arguments, caller: Caller, number: c_int) -> c_long {
    let is_awaited = |address| waiters::are_there(address as u64);
    let wakes_other = || is_futex(number) && arguments.operation & OPERATION == FUTEX_WAKE_OP;
    let address = if is_awaited(arguments.address) {
        arguments.address
    } else if wakes_other() && is_awaited(arguments.other) {
        arguments.other
    } else {
        return arguments.call(number);
    };
    let answer = Cell::new(0);
    sync::wake(object_of(address), u32::MAX, caller, || {
        noting(&answer, || arguments.call(number))
    });
    answer.get()
}

const FUTEX_WAKE_OP: usize = libc::FUTEX_WAKE_OP.cast_unsigned() as usize;
