// A recursive mutex taken three deep, for 10 µs, forty thousand times: whichever of the three is sampled, holds are those of the outermost.
#include "testing.h"

enum { ROUNDS = 40000 };

static pthread_mutex_t deep_lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static long long held_ns;

static FRAME void take_third(void) {
    CHECK(pthread_mutex_lock(&deep_lock) == 0);
    CHECK(pthread_mutex_unlock(&deep_lock) == 0);
}

static FRAME void take_second(void) {
    CHECK(pthread_mutex_lock(&deep_lock) == 0);
    take_third();
    spin_ns(5000);
    CHECK(pthread_mutex_unlock(&deep_lock) == 0);
}

static FRAME void take_first(void) {
    CHECK(pthread_mutex_lock(&deep_lock) == 0);
    long long begin_ns = now_ns();
    take_second();
    spin_ns(5000);
    held_ns += now_ns() - begin_ns;
    CHECK(pthread_mutex_unlock(&deep_lock) == 0);
}

int main(void) {
    for (int i = 0; i < ROUNDS; i++)
        take_first();
    truth("held_ns", held_ns);
    return finish();
}
