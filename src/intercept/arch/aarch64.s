// The gates of aarch64, as macros: aarch64.rs makes functions of them, scripts/aarch64 runs them under an emulator.
//
// They stand in a file of their own so that an assembler alone can read them: to
// see that they work takes no Rust for aarch64. Both GNU's and LLVM's assembler
// must take them, without any extension: `hint #34` is `bti c`, a place where an
// indirect call may land, and does nothing on processors that do not ask for one.
// Braces would be taken for operands of the Rust macro.
//
// Used without keeping: x9 to x11, as any function may, and x16 and x17, as any
// jump may. Indirect jumps go by x16: by most others they may not land at a `bti c`.

// The block of each thread, in the initial-exec model; see x86_64.rs.
.macro lockprof_block
    .section .tbss,"awT",@nobits
    .globl lockprof_thread
    .hidden lockprof_thread
    .type lockprof_thread, %object
    .size lockprof_thread, 264
    .p2align 6
lockprof_thread:
    .zero 264
    .text
.endm

// x9 + x10: the calling thread's block.
.macro lockprof_thread_address
    mrs x9, tpidr_el0
    adrp x10, :gottprel:lockprof_thread
    ldr x10, [x10, :gottprel_lo12:lockprof_thread]
.endm

// Counts one acquisition; negative when it goes the slow way. Not in a single
// instruction: what a signal handler counts in between is undone. An exclusive
// pair would notice, but every acquisition would pay for it.
.macro lockprof_count
    lockprof_thread_address
    ldr x11, [x9, x10]
    subs x11, x11, #1
    str x11, [x9, x10]
.endm

// Where a slot, or the place of a real function, leads.
.macro lockprof_load target
    adrp x16, \target
    ldr x16, [x16, :lo12:\target]
.endm

// On to a Rust function, with the caller's registers in these two. The return
// address is in x30, where it stays.
.macro lockprof_hand_on handler, sp_register, fp_register
    mov \sp_register, sp
    mov \fp_register, x29
    b \handler
.endm

// The exported function: a jump through its slot.
.macro lockprof_entry slot
    .cfi_startproc
    hint #34
    lockprof_load \slot
    br x16
    .cfi_endproc
.endm

// Before anything is known: has the real functions found, then jumps through the
// slot again. Keeps all argument registers.
.macro lockprof_early resolve, slot
    .cfi_startproc
    hint #34
    stp x29, x30, [sp, #-96]!
    .cfi_def_cfa_offset 96
    .cfi_offset x29, -96
    .cfi_offset x30, -88
    mov x29, sp
    stp x0, x1, [sp, #16]
    stp x2, x3, [sp, #32]
    stp x4, x5, [sp, #48]
    stp x6, x7, [sp, #64]
    str x8, [sp, #80]
    bl \resolve
    ldr x8, [sp, #80]
    ldp x6, x7, [sp, #64]
    ldp x4, x5, [sp, #48]
    ldp x2, x3, [sp, #32]
    ldp x0, x1, [sp, #16]
    ldp x29, x30, [sp], #96
    .cfi_def_cfa_offset 0
    .cfi_restore x29
    .cfi_restore x30
    lockprof_load \slot
    br x16
    .cfi_endproc
.endm

// What every lock that is tried first begins with: to 2 when the countdown ran out. Stays
// on the stack only during the try, whose answer is in w0 then and the lock in x1.
.macro lockprof_try_first try
    .cfi_startproc
    hint #34
    lockprof_count
    b.mi 2f
    stp x0, x30, [sp, #-16]!
    .cfi_def_cfa_offset 16
    .cfi_offset x30, -8
    lockprof_load \try
    blr x16
    ldp x1, x30, [sp], #16
    .cfi_def_cfa_offset 0
    .cfi_restore x30
.endm

// What it ends with: at 3 the try did not take it.
.macro lockprof_try_end sampled, unsettled
    ret
2:
    lockprof_hand_on \sampled, x1, x2
3:
    mov w3, w0
    mov x0, x1
    lockprof_hand_on \unsettled, x1, x2
    .cfi_endproc
.endm

// Takes a lock. Leaves for Rust when the countdown ran out or the try returned a code.
.macro lockprof_acquire try, sampled, unsettled
    lockprof_try_first \try
    cbnz w0, 3f
    lockprof_try_end \sampled, \unsettled
.endm

// Takes a lock of OpenMP, whose test answers how deep it is held, or 0.
.macro lockprof_acquire_by_test test, sampled, unsettled
    lockprof_try_first \test
    cbz w0, 3f
    lockprof_try_end \sampled, \unsettled
.endm

// Takes a semaphore. Looks and does not try: leaves for Rust when the countdown ran
// out or the first word, the value, is 0.
.macro lockprof_acquire_sem real, sampled, unsettled
    .cfi_startproc
    hint #34
    lockprof_count
    b.mi 2f
    ldr w9, [x0]
    cbz w9, 3f
    lockprof_load \real
    br x16
2:
    lockprof_hand_on \sampled, x1, x2
3:
    lockprof_hand_on \unsettled, x1, x2
    .cfi_endproc
.endm

// Tries to take a lock: the application's own trylock.
.macro lockprof_attempt real, sampled
    .cfi_startproc
    hint #34
    lockprof_count
    b.mi 2f
    lockprof_load \real
    br x16
2:
    lockprof_hand_on \sampled, x1, x2
    .cfi_endproc
.endm

// What every release begins with: leaves for Rust, at 2, when this thread holds a sampled
// lock. A look at the lock follows, which leaves too if somebody may wait.
.macro lockprof_release_begin
    .cfi_startproc
    hint #34
    lockprof_thread_address
    add x9, x9, x10
    ldr w9, [x9, #8]
    cbnz w9, 2f
.endm

// What every release ends with.
.macro lockprof_release_end real, held
    lockprof_load \real
    br x16
2:
    lockprof_hand_on \held, x1, x2
    .cfi_endproc
.endm

// Releases a mutex: somebody may wait when its first word is above 1.
.macro lockprof_release real, held
    lockprof_release_begin
    ldr w9, [x0]
    cmp w9, #1
    b.hi 2f
    lockprof_release_end \real, \held
.endm

// Releases a read-write lock: somebody may wait unless only readers hold it (low bits 0)
// or only a writer (3, and a fourth word of 1).
.macro lockprof_release_rwlock real, held
    lockprof_release_begin
    ldr x9, [x0]
    tst x9, #7
    b.eq 4f
    cmp x9, #3
    b.ne 2f
    ldr w9, [x0, #12]
    cmp w9, #1
    b.hi 2f
4:
    lockprof_release_end \real, \held
.endm

// Releases a lock that does not say whether somebody waits.
.macro lockprof_release_held real, held
    lockprof_release_begin
    lockprof_release_end \real, \held
.endm

// Posts a semaphore: somebody waits when its second word says so.
.macro lockprof_release_sem real, held
    lockprof_release_begin
    ldr w9, [x0, #4]
    cbnz w9, 2f
    lockprof_release_end \real, \held
.endm

// Releases a lock of OpenMP: nobody waits for it when its first word is 1.
.macro lockprof_release_openmp real, held
    lockprof_release_begin
    ldr w9, [x0]
    cmp w9, #1
    b.ne 2f
    lockprof_release_end \real, \held
.endm

// `syscall`: leaves for Rust with a futex's arguments, laid out on the stack, since there
// they are for the other processor, and the number. Calls of 449 to 455 go there too. Of
// any other nothing is touched.
.macro lockprof_futex real, handler
    .cfi_startproc
    hint #34
    cmp w0, #98
    b.eq 2f
    sub w9, w0, #449
    cmp w9, #7
    b.lo 2f
    lockprof_load \real
    br x16
2:
    mov x9, sp
    stp x29, x30, [sp, #-64]!
    .cfi_def_cfa_offset 64
    .cfi_offset x29, -64
    .cfi_offset x30, -56
    stp x1, x2, [sp, #16]
    stp x3, x4, [sp, #32]
    stp x5, x6, [sp, #48]
    mov w3, w0
    add x0, sp, #16
    mov x1, x9
    mov x2, x29
    bl \handler
    ldp x29, x30, [sp], #64
    .cfi_def_cfa_offset 0
    .cfi_restore x29
    .cfi_restore x30
    ret
    .cfi_endproc
.endm

// Anything else: the caller's registers become the last two arguments.
.macro lockprof_call handler, sp_register, fp_register
    .cfi_startproc
    hint #34
    lockprof_hand_on \handler, \sp_register, \fp_register
    .cfi_endproc
.endm

// Forgets all of the above: each function in Rust brings its own copy along,
// since nobody knows which of them are assembled together.
.macro lockprof_forget
    .purgem lockprof_block
    .purgem lockprof_thread_address
    .purgem lockprof_count
    .purgem lockprof_load
    .purgem lockprof_hand_on
    .purgem lockprof_entry
    .purgem lockprof_early
    .purgem lockprof_try_first
    .purgem lockprof_try_end
    .purgem lockprof_acquire
    .purgem lockprof_acquire_by_test
    .purgem lockprof_acquire_sem
    .purgem lockprof_attempt
    .purgem lockprof_release_begin
    .purgem lockprof_release_end
    .purgem lockprof_release
    .purgem lockprof_release_rwlock
    .purgem lockprof_release_held
    .purgem lockprof_release_sem
    .purgem lockprof_release_openmp
    .purgem lockprof_futex
    .purgem lockprof_call
    .purgem lockprof_forget
.endm
