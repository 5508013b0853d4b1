// One thread locks, another unlocks, 5 ms later: 20 times; then the first does both.
#include "testing.h"

static pthread_mutex_t handed_lock = PTHREAD_MUTEX_INITIALIZER;
static int locked, unlocked;
static long long taken_at;

static FRAME void lock_here(void) {
    CHECK(pthread_mutex_lock(&handed_lock) == 0);
    taken_at = now_ns();
}

static FRAME void unlock_there(void) {
    truth("held_ns", now_ns() - taken_at);
    CHECK(pthread_mutex_unlock(&handed_lock) == 0);
}

static FRAME void lock_and_unlock(void) {
    CHECK(pthread_mutex_lock(&handed_lock) == 0);
    long long begin = now_ns();
    sleep_ms(5);
    truth("own_ns", now_ns() - begin);
    CHECK(pthread_mutex_unlock(&handed_lock) == 0);
}

static void *locker(void *unused) {
    for (int i = 0; i < 20; i++) {
        lock_here();
        announce(&locked);
        await(&unlocked, i + 1);
    }
    lock_and_unlock();
    return unused;
}

static void *unlocker(void *unused) {
    for (int i = 0; i < 20; i++) {
        await(&locked, i + 1);
        sleep_ms(5);
        unlock_there();
        announce(&unlocked);
    }
    return unused;
}

int main(void) {
    pthread_t one = spawn("Locker", locker, NULL), two = spawn("Unlocker", unlocker, NULL);
    join(one);
    join(two);
    return finish();
}
