// Both ends of a gate under test: a caller with known registers, and stand-ins for what gates lead to.

// struct registers of aarch64_gates.c: x0 to x30, then sp. x16 and x17 belong to
// jumps and are not looked at.
.set place_of_30, 240
.set place_of_sp, 248

// call_with(gate, before, after): calls the gate with the registers of `before`,
// into which it notes its stack pointer and return address; what the gate left
// goes into `after`.
    .text
    .globl call_with
    .type call_with, %function
call_with:
    .cfi_startproc
    hint #34
    stp x29, x30, [sp, #-112]!
    .cfi_def_cfa_offset 112
    .cfi_offset 29, -112
    .cfi_offset 30, -104
    .irp n, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28
    str x\n, [sp, #8 * (\n - 17)]
    .cfi_offset \n, 8 * (\n - 17) - 112
    .endr
    str x2, [sp, #96]
    mov x16, x0
    mov x17, x1
    mov x9, sp
    str x9, [x17, #place_of_sp]
    adr x9, 1f
    str x9, [x17, #place_of_30]
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 18
    ldr x\n, [x17, #8 * \n]
    .endr
    .irp n, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
    ldr x\n, [x17, #8 * \n]
    .endr
    blr x16
1:
    ldr x17, [sp, #96]
    .irp n, 0, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
    str x\n, [x17, #8 * \n]
    .endr
    mov x9, sp
    str x9, [x17, #place_of_sp]
    .irp n, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28
    ldr x\n, [sp, #8 * (\n - 17)]
    .endr
    ldp x29, x30, [sp], #112
    .cfi_def_cfa_offset 0
    ret
    .cfi_endproc
    .size call_with, . - call_with

// Notes all registers in `seen`, lets arrived(number) say what to return, and
// leaves nothing in the registers that a function need not keep.
.macro stand_in name, number
    .globl \name
    .hidden \name
    .type \name, %function
\name:
    .cfi_startproc
    hint #34
    adrp x16, seen
    add x16, x16, :lo12:seen
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 18
    str x\n, [x16, #8 * \n]
    .endr
    .irp n, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
    str x\n, [x16, #8 * \n]
    .endr
    mov x17, sp
    str x17, [x16, #place_of_sp]
    stp x29, x30, [sp, #-16]!
    .cfi_def_cfa_offset 16
    .cfi_offset 29, -16
    .cfi_offset 30, -8
    mov x29, sp
    mov w0, #\number
    bl arrived
    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18
    mov x\n, #-\n
    .endr
    ldp x29, x30, [sp], #16
    .cfi_def_cfa_offset 0
    ret
    .cfi_endproc
    .size \name, . - \name
.endm

// The numbers are those of enum place.
stand_in resolve, 0
stand_in real_function, 1
stand_in sampled, 2
stand_in unsettled, 3
stand_in held, 4
stand_in handler, 5

    .section .note.GNU-stack, "", %progbits
