// A thread waits a millisecond for a mutex, 200 times, and keeps it for half a one each time.
#include "testing.h"

enum { ROUNDS = 200 };

static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;
static int held, asking, released;
static long long held_ns;

static void wait_for(int *counter, int least) {
    while (__atomic_load_n(counter, __ATOMIC_ACQUIRE) < least)
        sleep_ns(20000);
}

static FRAME void let_wait(int round) {
    CHECK(pthread_mutex_lock(&shared_lock) == 0);
    announce(&held);
    wait_for(&asking, round);
    sleep_ns(1000000);
    CHECK(pthread_mutex_unlock(&shared_lock) == 0);
}

static FRAME void take_after_wait(void) {
    CHECK(pthread_mutex_lock(&shared_lock) == 0);
    long long begin = now_ns();
    sleep_ns(500000);
    held_ns += now_ns() - begin;
    CHECK(pthread_mutex_unlock(&shared_lock) == 0);
}

static void *waiter(void *unused) {
    for (int round = 1; round <= ROUNDS; round++) {
        wait_for(&held, round);
        announce(&asking);
        take_after_wait();
        announce(&released);
    }
    return unused;
}

int main(void) {
    pthread_t thread = spawn("Waiter", waiter, NULL);
    for (int round = 1; round <= ROUNDS; round++) {
        let_wait(round);
        wait_for(&released, round);
    }
    join(thread);
    truth("held_ns", held_ns);
    return finish();
}
