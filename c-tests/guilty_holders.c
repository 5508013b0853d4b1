// Three holders keep one mutex for 1, 3 and 9 ms each time; two waiters that hold it for no time at all suffer.
#include "testing.h"

enum { ROUNDS = 40, HOLDERS = 3, WAITERS = 2 };

static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;
static int arrived, finished;
static long long held_ns[HOLDERS];

static void hold_for(long long ns, int holder) {
    CHECK(pthread_mutex_lock(&shared_lock) == 0);
    long long begin = now_ns();
    sleep_ns(ns);
    held_ns[holder] += now_ns() - begin;
}

// One function each: blame is told by the place of the release.
static FRAME void hold_1_ms(void) {
    hold_for(1000000, 0);
    CHECK(pthread_mutex_unlock(&shared_lock) == 0);
}

static FRAME void hold_3_ms(void) {
    hold_for(3000000, 1);
    CHECK(pthread_mutex_unlock(&shared_lock) == 0);
}

static FRAME void hold_9_ms(void) {
    hold_for(9000000, 2);
    CHECK(pthread_mutex_unlock(&shared_lock) == 0);
}

static void (*const hold[HOLDERS])(void) = {hold_1_ms, hold_3_ms, hold_9_ms};

static FRAME void innocent(void) {
    CHECK(pthread_mutex_lock(&shared_lock) == 0);
    CHECK(pthread_mutex_unlock(&shared_lock) == 0);
}

// Holders take turns, with a pause between, so that nobody but a waiter ever waits.
static void *holder(void *unused) {
    meet(&arrived, 1 + WAITERS);
    for (int i = 0; i < ROUNDS * HOLDERS; i++) {
        hold[i % HOLDERS]();
        sleep_ns(300000);
    }
    announce(&finished);
    return unused;
}

static void *waiter(void *unused) {
    meet(&arrived, 1 + WAITERS);
    long long waited = 0;
    while (!__atomic_load_n(&finished, __ATOMIC_ACQUIRE)) {
        long long begin = now_ns();
        innocent();
        waited += now_ns() - begin;
        sleep_ns(100000);
    }
    truth("waited_ns", waited);
    return unused;
}

int main(void) {
    pthread_t threads[1 + WAITERS];
    threads[0] = spawn("Holder", holder, NULL);
    for (int i = 1; i <= WAITERS; i++)
        threads[i] = spawn("Waiter", waiter, NULL);
    for (int i = 0; i <= WAITERS; i++)
        join(threads[i]);
    truth("held_1_ms", held_ns[0]);
    truth("held_3_ms", held_ns[1]);
    truth("held_9_ms", held_ns[2]);
    return finish();
}
