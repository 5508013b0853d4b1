// A thread locks on a stack of its own making, from code without unwind tables; then the upper half of that stack is gone, and it locks on what is left.
#include "testing.h"
#include <sys/mman.h>
#include <ucontext.h>

#define STACK (64 * 1024)

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static ucontext_t scheduler, coroutine;
static char *stack;
static int stale;
static long taken;

// Calls a function with a frame pointer that leads to this place, and has no unwind tables.
void call_without_tables(void (*function)(void), void *frame_pointer);
__asm__(".text\n"
        "call_without_tables:\n"
        "  push %rbp\n"
        "  mov %rsi, %rbp\n"
        "  call *%rdi\n"
        "  pop %rbp\n"
        "  ret\n"
        ".type call_without_tables, @function\n"
        ".size call_without_tables, . - call_without_tables\n");

static FRAME void take(void) {
    CHECK(pthread_mutex_lock(&mutex) == 0);
    taken++;
    CHECK(pthread_mutex_unlock(&mutex) == 0);
}

static FRAME void coroutine_body(void) {
    char *frame = stale ? stack + STACK * 3 / 4 : (char *)__builtin_frame_address(0);
    for (int i = 0; i < 10; i++)
        call_without_tables(take, frame);
}

static FRAME void run_on(size_t length) {
    CHECK(getcontext(&coroutine) == 0);
    coroutine.uc_stack.ss_sp = stack;
    coroutine.uc_stack.ss_size = length;
    coroutine.uc_link = &scheduler;
    makecontext(&coroutine, coroutine_body, 0);
    // No lock on another stack in between.
    CHECK(swapcontext(&scheduler, &coroutine) == 0);
}

static FRAME void *live(void *unused) {
    for (int how = 0; how < 2; how++) {
        stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(stack != MAP_FAILED);
        stale = 0;
        run_on(STACK);
        stale = 1;
        // Gone, or a guard that nobody may read.
        char *half = stack + STACK / 2;
        CHECK((how == 0 ? munmap(half, STACK / 2) : mprotect(half, STACK / 2, PROT_NONE)) == 0);
        run_on(STACK / 2);
        CHECK(munmap(stack, STACK) == 0);
    }
    return unused;
}

int main(void) {
    join(spawn("Switches", live, NULL));
    CHECK(taken == 40);
    return finish();
}
