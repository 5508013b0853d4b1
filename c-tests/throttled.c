// One thread takes and releases a mutex as fast as it can for half a second, another a thousand times more slowly.
#include "testing.h"

enum { RUN_MS = 500, SLOW_US = 200 };

static pthread_mutex_t fast_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t slow_lock = PTHREAD_MUTEX_INITIALIZER;

static FRAME long take_fast(void) {
    long long end = now_ns() + RUN_MS * 1000000LL;
    long taken = 0;
    while (now_ns() < end)
        for (int i = 0; i < 1000; i++, taken++) {
            CHECK(pthread_mutex_lock(&fast_lock) == 0);
            CHECK(pthread_mutex_unlock(&fast_lock) == 0);
        }
    return taken;
}

static FRAME long take_slowly(void) {
    long long end = now_ns() + RUN_MS * 1000000LL;
    long taken = 0;
    for (; now_ns() < end; taken++) {
        CHECK(pthread_mutex_lock(&slow_lock) == 0);
        CHECK(pthread_mutex_unlock(&slow_lock) == 0);
        sleep_ns(SLOW_US * 1000LL);
    }
    return taken;
}

static void *fast(void *unused) {
    truth("fast", take_fast());
    return unused;
}

static void *slow(void *unused) {
    truth("slow", take_slowly());
    return unused;
}

int main(void) {
    pthread_t first = spawn("Fast", fast, NULL);
    pthread_t second = spawn("Slow", slow, NULL);
    join(first);
    join(second);
    return finish();
}
