// Every call that takes a mutex at once, each in a function of its own.
#include "testing.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static FRAME void release(void) { CHECK(pthread_mutex_unlock(&lock) == 0); }

static FRAME void by_lock(void) { CHECK(pthread_mutex_lock(&lock) == 0); }

static FRAME void by_trylock(void) { CHECK(pthread_mutex_trylock(&lock) == 0); }

static FRAME void by_timedlock(void) {
    struct timespec until = in_ms(CLOCK_REALTIME, 10000);
    CHECK(pthread_mutex_timedlock(&lock, &until) == 0);
}

static FRAME void by_clocklock(void) {
    struct timespec until = in_ms(CLOCK_MONOTONIC, 10000);
    CHECK(pthread_mutex_clocklock(&lock, CLOCK_MONOTONIC, &until) == 0);
}

static FRAME void deeper(void (*call)(void), int depth) {
    if (depth > 0) {
        deeper(call, depth - 1);
    } else {
        call();
        release();
    }
}

int main(void) {
    for (int i = 0; i < 100; i++) {
        deeper(by_lock, 2);
        deeper(by_trylock, 2);
        deeper(by_timedlock, 2);
        deeper(by_clocklock, 2);
    }
    return finish();
}
