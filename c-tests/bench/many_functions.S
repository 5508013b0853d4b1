/* FUNCTIONS functions, 16 bytes each, that call visit: a symbol table of any length. */
    .altmacro
    .macro make_function number
    .p2align 4
    .globl function_\number
    .type function_\number, @function
function_\number:
    .cfi_startproc
    sub $8, %rsp
    .cfi_adjust_cfa_offset 8
    call visit
    add $8, %rsp
    .cfi_adjust_cfa_offset -8
    ret
    .cfi_endproc
    .size function_\number, . - function_\number
    .endm

    .text
    .set number, 0
    .rept FUNCTIONS
    make_function %number
    .set number, number + 1
    .endr
    .section .note.GNU-stack, "", @progbits
