// A library that locks; deep_binding opens it with RTLD_DEEPBIND.
#include "testing.h"

void take_in_library(pthread_mutex_t *lock);

FRAME void take_in_library(pthread_mutex_t *lock) {
    CHECK(pthread_mutex_lock(lock) == 0);
    CHECK(pthread_mutex_unlock(lock) == 0);
}
