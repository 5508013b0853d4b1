// The gates of aarch64 as an assembler alone makes them: one of each macro, under the names aarch64_gates.c knows.

.include "src/intercept/arch/aarch64.s"

.macro function name, line:vararg
    .globl \name
    .hidden \name
    .type \name, %function
\name:
    \line
    .size \name, . - \name
.endm

lockprof_block
function entry, lockprof_entry slot
function early, lockprof_early resolve, slot
function acquire, lockprof_acquire real, sampled, unsettled
function acquire_by_test, lockprof_acquire_by_test real, sampled, unsettled
function acquire_sem, lockprof_acquire_sem real, sampled, unsettled
function attempt, lockprof_attempt real, sampled
function release, lockprof_release real, held
function release_rwlock, lockprof_release_rwlock real, held
function release_held, lockprof_release_held real, held
function release_sem, lockprof_release_sem real, held
function release_openmp, lockprof_release_openmp real, held
function futex, lockprof_futex real, handler
function call_of_0, lockprof_call handler, x0, x1
function call_of_1, lockprof_call handler, x1, x2
function call_of_2, lockprof_call handler, x2, x3
function call_of_3, lockprof_call handler, x3, x4
function call_of_4, lockprof_call handler, x4, x5

.globl early_address
early_address:
    hint #34
    adrp x0, early
    add x0, x0, :lo12:early
    ret

.globl thread_address
thread_address:
    hint #34
    lockprof_thread_address
    add x0, x9, x10
    ret

// As every function in Rust does behind it, so that the next one can begin anew.
lockprof_forget
.include "src/intercept/arch/aarch64.s"

.section .note.GNU-stack, "", %progbits
