//! aarch64: the gates every interposed call passes, and where a thread's state lives.
//!
//! Why they are assembler is told in x86_64.rs. The assembler itself is in
//! aarch64.s, so that machines without Rust for this processor can assemble it
//! and run it under an emulator (`scripts/aarch64`). Stacks are taken by libgcc:
//! our own unwinder does not know this processor yet.

#![allow(unsafe_code, reason = "assembler")]

use std::arch::asm;

use super::super::thread::Thread;

pub(in crate::intercept) use super::no_unwinder as unwind;

/// What one line of macros of aarch64.s makes, with the functions and places it
/// names: the body of a naked function, or code outside of any.
macro_rules! assemble {
    ($directive:ident, $line:expr $(, $operand:ident = $path:path)*) => {
        std::arch::$directive! {
            // From the root, since a gate may be made in any file.
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/intercept/arch/aarch64.s")),
            $line,
            "lockprof_forget",
            $($operand = sym $path,)*
        }
    };
}

assemble!(global_asm, "lockprof_block");

/// The calling thread's state.
#[inline(always)]
pub(crate) fn thread() -> *const Thread {
    let thread: *const Thread;
    // SAFETY: tpidr_el0 is the thread pointer; the offset from it comes from the
    // linker, or from the loader, before this code runs. Reads only.
    unsafe {
        asm!(
            "mrs {0}, tpidr_el0",
            "adrp {1}, :gottprel:lockprof_thread",
            "ldr {1}, [{1}, :gottprel_lo12:lockprof_thread]",
            "add {0}, {0}, {1}",
            out(reg) thread,
            out(reg) _,
            options(pure, readonly, nostack, preserves_flags),
        );
    }
    thread
}

/// The exported function of a row: one jump through the row's slot.
macro_rules! entry {
    (
        $(#[$attribute:meta])*
        $visibility:vis fn $name:ident $arguments:tt -> $result:ty => $slot:path
    ) => {
        $(#[$attribute])*
        #[unsafe(naked)]
        $visibility unsafe extern "C" fn $name() {
            $crate::intercept::arch::assemble!(naked_asm, "lockprof_entry {slot}", slot = $slot)
        }
    };
}

/// Where a slot points before anything is known: finds the real functions, then
/// jumps through the slot again.
macro_rules! early {
    (
        $visibility:vis fn $name:ident $arguments:tt -> $result:ty => $resolve:path, $slot:path
    ) => {
        #[unsafe(naked)]
        $visibility unsafe extern "C" fn $name() {
            $crate::intercept::arch::assemble!(
                naked_asm,
                "lockprof_early {resolve}, {slot}",
                resolve = $resolve,
                slot = $slot
            )
        }
    };
}

/// The gates: what a slot points to while we profile.
macro_rules! gate {
    (
        $(#[$attribute:meta])*
        $visibility:vis fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty
            => $shape:ident $body:tt
    ) => {
        $(#[$attribute])*
        #[unsafe(naked)]
        $visibility unsafe extern "C" fn $name() {
            gate!(@$shape ($($argument),*) $body)
        }
    };
    (@acquire ($mutex:ident) { try: $try:ident, sampled: $sampled:path, unsettled: $unsettled:path }) => {
        $crate::intercept::arch::assemble!(
            naked_asm,
            "lockprof_acquire {try_}, {sampled}, {unsettled}",
            try_ = $try::REAL,
            sampled = $sampled,
            unsettled = $unsettled
        )
    };
    (@acquire_by_test ($lock:ident) { test: $test:ident, sampled: $sampled:path, unsettled: $unsettled:path }) => {
        $crate::intercept::arch::assemble!(
            naked_asm,
            "lockprof_acquire_by_test {test}, {sampled}, {unsettled}",
            test = $test::REAL,
            sampled = $sampled,
            unsettled = $unsettled
        )
    };
    (@acquire_sem ($semaphore:ident) { real: $real:ident, sampled: $sampled:path, unsettled: $unsettled:path }) => {
        $crate::intercept::arch::assemble!(
            naked_asm,
            "lockprof_acquire_sem {real}, {sampled}, {unsettled}",
            real = $real::REAL,
            sampled = $sampled,
            unsettled = $unsettled
        )
    };
    (@attempt ($mutex:ident) { real: $real:ident, sampled: $sampled:path }) => {
        $crate::intercept::arch::assemble!(
            naked_asm,
            "lockprof_attempt {real}, {sampled}",
            real = $real::REAL,
            sampled = $sampled
        )
    };
    (@release ($mutex:ident) { real: $real:ident, held: $held:path }) => {
        $crate::intercept::arch::assemble!(
            naked_asm,
            "lockprof_release {real}, {held}",
            real = $real::REAL,
            held = $held
        )
    };
    (@release_rwlock ($lock:ident) { real: $real:ident, held: $held:path }) => {
        $crate::intercept::arch::assemble!(
            naked_asm,
            "lockprof_release_rwlock {real}, {held}",
            real = $real::REAL,
            held = $held
        )
    };
    (@release_held ($lock:ident) { real: $real:ident, held: $held:path }) => {
        $crate::intercept::arch::assemble!(
            naked_asm,
            "lockprof_release_held {real}, {held}",
            real = $real::REAL,
            held = $held
        )
    };
    (@release_sem ($semaphore:ident) { real: $real:ident, held: $held:path }) => {
        $crate::intercept::arch::assemble!(
            naked_asm,
            "lockprof_release_sem {real}, {held}",
            real = $real::REAL,
            held = $held
        )
    };
    (@release_openmp ($lock:ident) { real: $real:ident, held: $held:path }) => {
        $crate::intercept::arch::assemble!(
            naked_asm,
            "lockprof_release_openmp {real}, {held}",
            real = $real::REAL,
            held = $held
        )
    };
    (@futex ($($argument:ident),*) { real: $real:ident, handler: $handler:path }) => {
        $crate::intercept::arch::assemble!(
            naked_asm,
            "lockprof_futex {real}, {handler}",
            real = $real::REAL,
            handler = $handler
        )
    };
    (@call () { $handler:path }) => { gate!(@hand_on "x0, x1", $handler) };
    (@call ($a:ident) { $handler:path }) => { gate!(@hand_on "x1, x2", $handler) };
    (@call ($a:ident, $b:ident) { $handler:path }) => { gate!(@hand_on "x2, x3", $handler) };
    (@call ($a:ident, $b:ident, $c:ident) { $handler:path }) => { gate!(@hand_on "x3, x4", $handler) };
    (@call ($a:ident, $b:ident, $c:ident, $d:ident) { $handler:path }) => { gate!(@hand_on "x4, x5", $handler) };
    (@hand_on $registers:literal, $handler:path) => {
        $crate::intercept::arch::assemble!(
            naked_asm,
            concat!("lockprof_call {handler}, ", $registers),
            handler = $handler
        )
    };
}

pub(crate) use {assemble, early, entry, gate};
