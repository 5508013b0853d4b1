//! x86-64: the gates every interposed call passes, and where a thread's state lives.
//!
//! The gates are written in assembler for three reasons. A compiled function
//! would need a frame, and then our frame would stand in every stack; ending in
//! a jump, a gate hands on the caller's exact stack and frame pointers. Stable
//! Rust cannot ask for initial-exec thread-local storage: what it offers calls
//! `__tls_get_addr`, which costs five times as much and can call malloc inside a
//! lock. And every instruction here is paid on every acquisition of the host:
//! a gate that is open costs 1 instruction when we are off, and 9 (acquire) or 6
//! (release) when we are on.
//!
//! Each gate describes its frame (`.cfi_…`): a thread may be cancelled, and a
//! signal handler may unwind, at any instruction of it.

#![allow(unsafe_code, reason = "assembler")]

use std::arch::{asm, global_asm};

use super::super::thread::Thread;

/// This processor has an unwinder of its own.
pub(in crate::intercept) use super::super::unwind;

// One block in the initial-exec model. 264 bytes: a library that is opened late
// gets about 1.6 KiB of static storage in all, and only 512 bytes are promised.
global_asm!(
    ".section .tbss,\"awT\",@nobits",
    ".globl lockprof_thread",
    ".hidden lockprof_thread",
    ".type lockprof_thread,@object",
    ".size lockprof_thread, 264",
    ".p2align 6",
    "lockprof_thread: .zero 264",
    ".text",
);

/// The calling thread's state.
#[inline(always)]
pub(crate) fn thread() -> *const Thread {
    let thread: *const Thread;
    // SAFETY: fs:0 holds the thread pointer itself (the x86-64 TLS ABI); the
    // offset comes from the linker. Reads only.
    unsafe {
        asm!(
            "mov {0}, qword ptr fs:[0]",
            "add {0}, qword ptr [rip + lockprof_thread@GOTTPOFF]",
            out(reg) thread,
            options(pure, readonly, nostack, preserves_flags),
        );
    }
    thread
}

/// The thread pointer: where the C library keeps the calling thread's own block.
#[inline(always)]
pub(crate) fn thread_pointer() -> u64 {
    let pointer: u64;
    // SAFETY: fs:0 holds the thread pointer itself. Reads only.
    unsafe {
        asm!("mov {0}, qword ptr fs:[0]", out(reg) pointer, options(pure, readonly, nostack, preserves_flags))
    };
    pointer
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
            std::arch::naked_asm!(
                ".cfi_startproc",
                "jmp qword ptr [rip + {slot}]",
                ".cfi_endproc",
                slot = sym $slot,
            )
        }
    };
}

/// Where a slot points before anything is known: finds the real functions, then
/// jumps through the slot again. Keeps all six argument registers.
macro_rules! early {
    (
        $visibility:vis fn $name:ident $arguments:tt -> $result:ty => $resolve:path, $slot:path
    ) => {
        #[unsafe(naked)]
        $visibility unsafe extern "C" fn $name() {
            std::arch::naked_asm!(
                ".cfi_startproc",
                "push rdi", "push rsi", "push rdx", "push rcx", "push r8", "push r9", "push rax",
                ".cfi_adjust_cfa_offset 56",
                "call {resolve}",
                "pop rax", "pop r9", "pop r8", "pop rcx", "pop rdx", "pop rsi", "pop rdi",
                ".cfi_adjust_cfa_offset -56",
                "jmp qword ptr [rip + {slot}]",
                ".cfi_endproc",
                slot = sym $slot,
                resolve = sym $resolve,
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
    // Takes a lock. Tries first; leaves for Rust when the countdown ran out or
    // the try returned a code. Stays on the stack only during the try.
    (@acquire ($mutex:ident) { try: $try:ident, sampled: $sampled:path, unsettled: $unsettled:path }) => {
        gate!(@try_first $try, $sampled, $unsettled, "jne 3f")
    };
    // Takes a lock of OpenMP, whose test answers how deep it is held, or 0.
    (@acquire_by_test ($lock:ident) { test: $test:ident, sampled: $sampled:path, unsettled: $unsettled:path }) => {
        gate!(@try_first $test, $sampled, $unsettled, "je 3f")
    };
    (@try_first $try:ident, $sampled:path, $unsettled:path, $if_busy:literal) => {
        std::arch::naked_asm!(
            ".cfi_startproc",
            "mov rax, qword ptr [rip + lockprof_thread@GOTTPOFF]",
            "dec qword ptr fs:[rax]",
            "js 2f",
            "push rdi",
            ".cfi_adjust_cfa_offset 8",
            "call qword ptr [rip + {try_}]",
            "pop rdi",
            ".cfi_adjust_cfa_offset -8",
            "test eax, eax",
            $if_busy,
            "ret",
            "2:",
            "mov rsi, rsp",
            "mov rdx, rbp",
            "jmp {sampled}",
            "3:",
            "mov rsi, rsp",
            "mov rdx, rbp",
            "mov ecx, eax",
            "jmp {unsettled}",
            ".cfi_endproc",
            try_ = sym $try::REAL,
            sampled = sym $sampled,
            unsettled = sym $unsettled,
        )
    };
    // Takes a semaphore. Looks and does not try: leaves for Rust when the countdown ran
    // out or the value is 0.
    (@acquire_sem ($semaphore:ident) { real: $real:ident, sampled: $sampled:path, unsettled: $unsettled:path }) => {
        std::arch::naked_asm!(
            ".cfi_startproc",
            "mov rax, qword ptr [rip + lockprof_thread@GOTTPOFF]",
            "dec qword ptr fs:[rax]",
            "js 2f",
            "cmp dword ptr [rdi], 0",
            "je 3f",
            "jmp qword ptr [rip + {real}]",
            "2:",
            "mov rsi, rsp",
            "mov rdx, rbp",
            "jmp {sampled}",
            "3:",
            "mov rsi, rsp",
            "mov rdx, rbp",
            "jmp {unsettled}",
            ".cfi_endproc",
            real = sym $real::REAL,
            sampled = sym $sampled,
            unsettled = sym $unsettled,
        )
    };
    // Tries to take a lock: the application's own trylock.
    (@attempt ($mutex:ident) { real: $real:ident, sampled: $sampled:path }) => {
        std::arch::naked_asm!(
            ".cfi_startproc",
            "mov rax, qword ptr [rip + lockprof_thread@GOTTPOFF]",
            "dec qword ptr fs:[rax]",
            "js 2f",
            "jmp qword ptr [rip + {real}]",
            "2:",
            "mov rsi, rsp",
            "mov rdx, rbp",
            "jmp {sampled}",
            ".cfi_endproc",
            real = sym $real::REAL,
            sampled = sym $sampled,
        )
    };
    // Releases a mutex: leaves for Rust also when its first word says that somebody may
    // wait for it (or that it is of a rare kind, for which the word means something else).
    (@release ($mutex:ident) { real: $real:ident, held: $held:path }) => {
        gate!(@look $real, $held, "cmp dword ptr [rdi], 1", "ja 2f")
    };
    // Releases a read-write lock: leaves for Rust also when somebody may wait. Nobody does
    // while only readers hold it, whose first word has none of its low bits set, or only a
    // writer, when it is 3, the second 0 and the fourth 1.
    (@release_rwlock ($lock:ident) { real: $real:ident, held: $held:path }) => {
        gate!(@look $real, $held, "test byte ptr [rdi], 7", "je 3f", "cmp qword ptr [rdi], 3", "jne 2f",
            "cmp dword ptr [rdi + 12], 1", "ja 2f", "3:")
    };
    // Releases a lock that does not say whether somebody waits.
    (@release_held ($lock:ident) { real: $real:ident, held: $held:path }) => {
        gate!(@look $real, $held)
    };
    // Posts a semaphore: leaves for Rust also when its second word says that somebody waits.
    (@release_sem ($semaphore:ident) { real: $real:ident, held: $held:path }) => {
        gate!(@look $real, $held, "cmp dword ptr [rdi + 4], 0", "jne 2f")
    };
    // Releases a lock of OpenMP: leaves for Rust also unless its first word, 1, says that
    // nobody waits for it.
    (@release_openmp ($lock:ident) { real: $real:ident, held: $held:path }) => {
        gate!(@look $real, $held, "cmp dword ptr [rdi], 1", "jne 2f")
    };
    // What every release is: leaves for Rust when this thread holds a sampled lock, or when
    // the look at the lock, which goes to 2 then, says that somebody may wait.
    (@look $real:ident, $held:path $(, $look:literal)*) => {
        std::arch::naked_asm!(
            ".cfi_startproc",
            "mov rax, qword ptr [rip + lockprof_thread@GOTTPOFF]",
            "cmp dword ptr fs:[rax + 8], 0",
            "jne 2f",
            $($look,)*
            "jmp qword ptr [rip + {real}]",
            "2:",
            "mov rsi, rsp",
            "mov rdx, rbp",
            "jmp {held}",
            ".cfi_endproc",
            real = sym $real::REAL,
            held = sym $held,
        )
    };
    // `syscall`: leaves for Rust with a futex's arguments, laid out on the stack since they
    // take all registers, and the number. Calls of 449 to 455, of which some are a
    // futex's, go there too. Of any other nothing is touched. The last argument lies
    // on the stack already, or whatever the caller has there: the C library reads it too.
    (@futex ($($argument:ident),*) { real: $real:ident, handler: $handler:path }) => {
        std::arch::naked_asm!(
            ".cfi_startproc",
            "cmp edi, {futex}",
            "je 2f",
            "lea eax, [rdi - 449]",
            "cmp eax, 7",
            "jb 2f",
            "jmp qword ptr [rip + {real}]",
            "2:",
            "mov rax, rsp",
            "push qword ptr [rsp + 8]",
            ".cfi_adjust_cfa_offset 8",
            "push r9", "push r8", "push rcx", "push rdx", "push rsi",
            ".cfi_adjust_cfa_offset 40",
            "mov ecx, edi",
            "mov rdi, rsp",
            "mov rsi, rax",
            "mov rdx, rbp",
            "sub rsp, 8",
            ".cfi_adjust_cfa_offset 8",
            "call {handler}",
            "add rsp, 56",
            ".cfi_adjust_cfa_offset -56",
            "ret",
            ".cfi_endproc",
            futex = const libc::SYS_futex,
            real = sym $real::REAL,
            handler = sym $handler,
        )
    };
    // Anything else: the caller's registers become the last two arguments.
    (@call () { $handler:path }) => { gate!(@hand_on "rdi", "rsi", $handler) };
    (@call ($a:ident) { $handler:path }) => { gate!(@hand_on "rsi", "rdx", $handler) };
    (@call ($a:ident, $b:ident) { $handler:path }) => { gate!(@hand_on "rdx", "rcx", $handler) };
    (@call ($a:ident, $b:ident, $c:ident) { $handler:path }) => { gate!(@hand_on "rcx", "r8", $handler) };
    (@call ($a:ident, $b:ident, $c:ident, $d:ident) { $handler:path }) => { gate!(@hand_on "r8", "r9", $handler) };
    (@hand_on $sp:literal, $bp:literal, $handler:path) => {
        std::arch::naked_asm!(
            ".cfi_startproc",
            concat!("mov ", $sp, ", rsp"),
            concat!("mov ", $bp, ", rbp"),
            "jmp {handler}",
            ".cfi_endproc",
            handler = sym $handler,
        )
    };
}

pub(crate) use {early, entry, gate};
