// A function whose last instruction is a call to one that never returns; behind it begins another with a larger frame.
#include "testing.h"
#include <setjmp.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static jmp_buf back;

__attribute__((noreturn, noipa, used)) static void take_and_never_return(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
    longjmp(back, 1);
}

// In assembler, since where a compiler puts functions is its own affair.
__asm__(".text\n"
        ".type ends_in_call, @function\n"
        "ends_in_call:\n"
        ".cfi_startproc\n"
        "subq $24, %rsp\n"
        ".cfi_def_cfa_offset 32\n"
        "call take_and_never_return\n"
        ".cfi_endproc\n"
        ".size ends_in_call, .-ends_in_call\n"
        ".type begins_behind, @function\n"
        "begins_behind:\n"
        ".cfi_startproc\n"
        ".cfi_def_cfa_offset 8192\n"
        "ud2\n"
        ".cfi_endproc\n"
        ".size begins_behind, .-begins_behind\n");
void ends_in_call(void);

static FRAME void call_it(void) {
    if (setjmp(back) == 0)
        ends_in_call();
}

int main(void) {
    for (int i = 0; i < 10; i++)
        call_it();
    return finish();
}
