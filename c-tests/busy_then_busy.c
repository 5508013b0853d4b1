// One lock kept for 5 ms while another thread asks for it, thirty locks taken once; the same again after a second.
#include "testing.h"

enum { ROUNDS = 40, SMALL = 30 };

static pthread_mutex_t busy_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t small_locks[SMALL];
static int kept, asks, got;
static long long held_ns, waited_ns;
static int taken;

static FRAME void keep_busy(int round) {
    CHECK(pthread_mutex_lock(&busy_lock) == 0);
    long long begin = now_ns();
    announce(&kept);
    await(&asks, round + 1);
    sleep_ms(5);
    held_ns += now_ns() - begin;
    CHECK(pthread_mutex_unlock(&busy_lock) == 0);
}

static FRAME void ask_busy(void) {
    announce(&asks);
    long long begin = now_ns();
    CHECK(pthread_mutex_lock(&busy_lock) == 0);
    waited_ns += now_ns() - begin;
    CHECK(pthread_mutex_unlock(&busy_lock) == 0);
}

static FRAME void take_small(pthread_mutex_t *lock) {
    CHECK(pthread_mutex_lock(lock) == 0);
    taken++;
    CHECK(pthread_mutex_unlock(lock) == 0);
}

static void *keeper(void *unused) {
    for (int i = 0; i < ROUNDS; i++) {
        await(&got, i);
        keep_busy(i);
    }
    return unused;
}

static void *asker(void *unused) {
    for (int i = 0; i < ROUNDS; i++) {
        await(&kept, i + 1);
        ask_busy();
        announce(&got);
    }
    return unused;
}

static void be_busy(void) {
    kept = asks = got = 0;
    pthread_t threads[] = {spawn("Keeper", keeper, NULL), spawn("Asker", asker, NULL)};
    for (size_t i = 0; i < LENGTH(threads); i++)
        join(threads[i]);
    taken += 2 * ROUNDS;
    for (int i = 0; i < SMALL; i++)
        take_small(&small_locks[i]);
}

int main(void) {
    be_busy();
    sleep_ms(1300);
    be_busy();
    truth("taken", taken);
    truth("held_ns", held_ns);
    truth("waited_ns", waited_ns);
    return finish();
}
