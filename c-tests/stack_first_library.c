// A library with small frames, which takes a lock of the program's; closed before stack_second_library comes to its place.
#include "testing.h"

void take_in_library(pthread_mutex_t *lock, int argument);

static FRAME void first_inner(pthread_mutex_t *lock) {
    CHECK(pthread_mutex_lock(lock) == 0);
    CHECK(pthread_mutex_unlock(lock) == 0);
}

FRAME void take_in_library(pthread_mutex_t *lock, int argument) {
    char data[40];
    data[0] = (char)argument;
    __asm__ volatile("" : : "r"(data) : "memory");
    first_inner(lock);
    CHECK(data[0] == argument);
}
