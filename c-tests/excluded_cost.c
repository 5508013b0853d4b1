// Takes a lock deep in the stack, in a place that is left out and in one that is kept, after the profiler knows both.
#include "lockprof.h"
#include "testing.h"

enum { DEPTH = 50, ROUNDS = 200 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static FRAME void noisy_take(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static FRAME void kept_take(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static FRAME void deeper(int depth, void (*take)(void)) {
    if (depth > 0)
        deeper(depth - 1, take);
    else
        take();
}

// What a test counts the instructions of.
static FRAME void count_noisy(void) {
    for (int i = 0; i < ROUNDS; i++)
        deeper(DEPTH, noisy_take);
}

static FRAME void count_kept(void) {
    for (int i = 0; i < ROUNDS; i++)
        deeper(DEPTH, kept_take);
}

static FRAME void become_known(void) {
    for (int i = 0; i < ROUNDS; i++) {
        deeper(DEPTH, noisy_take);
        deeper(DEPTH, kept_take);
    }
    lockprof_flush();
}

int main(void) {
    become_known();
    count_noisy();
    lockprof_flush();
    count_kept();
    return finish();
}
