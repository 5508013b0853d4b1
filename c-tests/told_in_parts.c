// Two threads wait for each other for two and a half seconds, so that uploads get several parts; how often and how long, they count themselves.
#include "testing.h"

enum { HOLD_MS = 20, RUN_MS = 2600, QUIET = 7 };

static pthread_mutex_t told_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t quiet_lock = PTHREAD_MUTEX_INITIALIZER;
static int arrived, held, asking, finished;

static FRAME void hold_and_be_waited_for(int round) {
    CHECK(pthread_mutex_lock(&told_lock) == 0);
    __atomic_store_n(&held, round, __ATOMIC_RELEASE);
    await(&asking, round);
    sleep_ms(HOLD_MS);
    CHECK(pthread_mutex_unlock(&told_lock) == 0);
}

static FRAME void be_quiet(void) {
    for (int i = 0; i < QUIET; i++) {
        CHECK(pthread_mutex_lock(&quiet_lock) == 0);
        CHECK(pthread_mutex_unlock(&quiet_lock) == 0);
    }
}

static void *holder(void *unused) {
    meet(&arrived, 2);
    long long end = now_ns() + RUN_MS * 1000000LL;
    int round = 0;
    while (now_ns() < end) {
        hold_and_be_waited_for(++round);
        be_quiet();
        // The waiter is through with this round.
        await(&asking, -round);
        while (__atomic_load_n(&asking, __ATOMIC_ACQUIRE) != 0)
            usleep(50);
    }
    __atomic_store_n(&finished, 1, __ATOMIC_RELEASE);
    truth("rounds", round);
    truth("quiet", round * QUIET);
    return unused;
}

static FRAME long long wait_for_holder(void) {
    long long begin = now_ns();
    CHECK(pthread_mutex_lock(&told_lock) == 0);
    long long waited = now_ns() - begin;
    CHECK(pthread_mutex_unlock(&told_lock) == 0);
    return waited;
}

static void *waiter(void *unused) {
    meet(&arrived, 2);
    long long waited = 0;
    int done = 0;
    while (!__atomic_load_n(&finished, __ATOMIC_ACQUIRE)) {
        int round = __atomic_load_n(&held, __ATOMIC_ACQUIRE);
        if (round == done) {
            usleep(50);
            continue;
        }
        __atomic_store_n(&asking, round, __ATOMIC_RELEASE);
        waited += wait_for_holder();
        done = round;
        __atomic_store_n(&asking, 0, __ATOMIC_RELEASE);
    }
    truth("waited_ns", waited);
    return unused;
}

int main(void) {
    pthread_t one = spawn("Holder", holder, NULL), two = spawn("Waiter", waiter, NULL);
    join(one);
    join(two);
    return finish();
}
