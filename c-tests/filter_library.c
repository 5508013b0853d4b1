// A library that locks, in a function of its own and through a wrapper as C++ programs have them; filtered_places calls it.
#include "testing.h"

void take_in_library(pthread_mutex_t *lock);
void only_take_in_library(pthread_mutex_t *lock);
void hold_in_library(pthread_mutex_t *lock, int *held, int *asking);
void uv_mutex_lock(pthread_mutex_t *lock);

// Known as one that merely wraps the call: its caller's place counts.
FRAME void uv_mutex_lock(pthread_mutex_t *lock) { CHECK(pthread_mutex_lock(lock) == 0); }

FRAME void take_in_library(pthread_mutex_t *lock) {
    CHECK(pthread_mutex_lock(lock) == 0);
    CHECK(pthread_mutex_unlock(lock) == 0);
}

FRAME void only_take_in_library(pthread_mutex_t *lock) { CHECK(pthread_mutex_lock(lock) == 0); }

// Holds it until somebody has asked for it, and longer.
FRAME void hold_in_library(pthread_mutex_t *lock, int *held, int *asking) {
    CHECK(pthread_mutex_lock(lock) == 0);
    announce(held);
    await(asking, 1);
    sleep_ms(30);
    CHECK(pthread_mutex_unlock(lock) == 0);
}
