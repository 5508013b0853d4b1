// Holds and waits of very different lengths, each measured by who holds and who waits.
#include "testing.h"

enum { HOLDS = 300, WAITS = 40 };

static pthread_mutex_t held_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t waited_lock = PTHREAD_MUTEX_INITIALIZER;
static int taken, done;

// From `least_ns` on, over ten powers of two, in an order that is none.
static long long length(int i, int of, long long least_ns) {
    double place = (double)((i * 7919) % of) / of;
    long long ns = least_ns;
    for (; place >= 0.1; place -= 0.1)
        ns *= 2;
    return ns + (long long)((double)ns * place * 10);
}

static FRAME void hold(long long ns) {
    long long before = now_ns();
    CHECK(pthread_mutex_lock(&held_lock) == 0);
    long long begin = now_ns();
    spin_ns(ns);
    long long end = now_ns();
    CHECK(pthread_mutex_unlock(&held_lock) == 0);
    long long after = now_ns();
    truth("held_ns", end - begin);
    truth("hold_span_ns", after - before);
}

static FRAME void wait_for_it(void) {
    long long begin = now_ns();
    CHECK(pthread_mutex_lock(&waited_lock) == 0);
    long long end = now_ns();
    CHECK(pthread_mutex_unlock(&waited_lock) == 0);
    truth("waited_ns", end - begin);
}

static void *waiter(void *unused) {
    for (int i = 1; i <= WAITS; i++) {
        await(&taken, i);
        wait_for_it();
        announce(&done);
    }
    return unused;
}

static void let_wait(void) {
    pthread_t thread = spawn("Waiter", waiter, NULL);
    for (int i = 1; i <= WAITS; i++) {
        CHECK(pthread_mutex_lock(&waited_lock) == 0);
        announce(&taken);
        // What stands in glibc's lock when somebody waits for it.
        await(&waited_lock.__data.__lock, 2);
        sleep_ns(length(i, WAITS, 100000));
        CHECK(pthread_mutex_unlock(&waited_lock) == 0);
        await(&done, i);
    }
    join(thread);
}

int main(void) {
    for (int i = 0; i < HOLDS; i++)
        hold(length(i, HOLDS, 10000));
    let_wait();
    return finish();
}
