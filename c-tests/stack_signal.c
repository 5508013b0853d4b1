// Handlers on a stack of their own take a mutex; they interrupt a call, a single instruction and a function's first one.
#include "testing.h"
#include <signal.h>
#include <ucontext.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static FRAME void take_in_handler(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static FRAME void handle(int signal, siginfo_t *unused, void *raw) {
    (void)unused;
    take_in_handler();
    // Behind the two bytes of `ud2`.
    if (signal == SIGILL)
        ((ucontext_t *)raw)->uc_mcontext.gregs[REG_RIP] += 2;
}

static FRAME void be_interrupted_by_raise(void) {
    for (int i = 0; i < 10; i++)
        CHECK(raise(SIGUSR1) == 0);
}

static FRAME void be_interrupted_anywhere(void) {
    for (int i = 0; i < 10; i++)
        __asm__ volatile("ud2");
}

// The function before it has another frame, and ends where this one begins.
__asm__(".text\n"
        "larger_frame:\n"
        ".cfi_startproc\n"
        ".cfi_def_cfa_offset 4096\n"
        "nop\n"
        ".cfi_endproc\n"
        ".globl interrupted_at_once\n"
        ".type interrupted_at_once, @function\n"
        "interrupted_at_once:\n"
        ".cfi_startproc\n"
        "ud2\n"
        "ret\n"
        ".cfi_endproc\n"
        ".size interrupted_at_once, .-interrupted_at_once\n");
void interrupted_at_once(void);

static FRAME void call_what_is_interrupted(void) {
    for (int i = 0; i < 10; i++)
        interrupted_at_once();
}

int main(void) {
    static char memory[1 << 16];
    stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};
    CHECK(sigaltstack(&stack, NULL) == 0);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handle;
    action.sa_flags = SA_ONSTACK | SA_SIGINFO;
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    CHECK(sigaction(SIGILL, &action, NULL) == 0);
    be_interrupted_by_raise();
    be_interrupted_anywhere();
    call_what_is_interrupted();
    return finish();
}
