// Functions that end in a jump to another one leave no frame; one of them jumps to the lock function itself.
#include "testing.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((noipa, optimize("optimize-sibling-calls"))) static int jump_to_lock(void) {
    return pthread_mutex_lock(&lock);
}

__attribute__((noipa, optimize("optimize-sibling-calls"))) static int jump_to_jump(int a) {
    __asm__ volatile("" : : "r"(a));
    return jump_to_lock();
}

static FRAME void take_by_jumps(void) {
    CHECK(jump_to_jump(1) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

int main(void) {
    for (int i = 0; i < 10; i++)
        take_by_jumps();
    return finish();
}
