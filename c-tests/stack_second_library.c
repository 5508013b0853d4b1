// A library like stack_first_library, instruction for instruction, but with larger frames.
#include "testing.h"

void take_in_library(pthread_mutex_t *lock, int argument);

static FRAME void second_inner(pthread_mutex_t *lock) {
    CHECK(pthread_mutex_lock(lock) == 0);
    CHECK(pthread_mutex_unlock(lock) == 0);
}

FRAME void take_in_library(pthread_mutex_t *lock, int argument) {
    char data[88];
    data[0] = (char)argument;
    __asm__ volatile("" : : "r"(data) : "memory");
    second_inner(lock);
    CHECK(data[0] == argument);
}
