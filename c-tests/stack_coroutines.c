// Three coroutines, on stacks that are mapped, static and allocated, take turns and a mutex each.
#include "testing.h"
#include <sys/mman.h>
#include <ucontext.h>

enum { COUNT = 3, TURNS = 50, STACK = 1 << 16 };

static pthread_mutex_t locks[COUNT] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER,
                                       PTHREAD_MUTEX_INITIALIZER};
static ucontext_t scheduler, coroutines[COUNT];
static long taken[COUNT];

static FRAME void take_in_coroutine(int which) {
    CHECK(pthread_mutex_lock(&locks[which]) == 0);
    taken[which]++;
    // The lock is held while others run.
    CHECK(swapcontext(&coroutines[which], &scheduler) == 0);
    CHECK(pthread_mutex_unlock(&locks[which]) == 0);
}

static FRAME void coroutine_inner(int which) {
    take_in_coroutine(which);
    __asm__ volatile("");
}

static FRAME void coroutine_body(int which) {
    for (int i = 0; i < TURNS; i++)
        coroutine_inner(which);
}

static FRAME void schedule(void) {
    for (int turn = 0; turn <= TURNS; turn++)
        for (int i = 0; i < COUNT; i++)
            CHECK(swapcontext(&scheduler, &coroutines[i]) == 0);
}

int main(void) {
    static char memory[STACK];
    void *mapped = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(mapped != MAP_FAILED);
    void *stacks[COUNT] = {mapped, memory, malloc(STACK)};
    for (int i = 0; i < COUNT; i++) {
        CHECK(getcontext(&coroutines[i]) == 0);
        coroutines[i].uc_stack.ss_sp = stacks[i];
        coroutines[i].uc_stack.ss_size = STACK;
        coroutines[i].uc_link = &scheduler;
        makecontext(&coroutines[i], (void (*)(void))coroutine_body, 1, i);
    }
    schedule();
    for (int i = 0; i < COUNT; i++)
        CHECK(taken[i] == TURNS);
    return finish();
}
