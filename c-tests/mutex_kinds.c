// One mutex of every type and protocol that needs no privilege, each taken 200 times by two threads.
#include "testing.h"

static pthread_mutex_t normal_lock, recursive_lock, errorcheck_lock, adaptive_lock;
static pthread_mutex_t robust_lock, inherit_lock;
static int counters[6];
static int arrived;
static pthread_mutex_t *const locks[6] = {&normal_lock,   &recursive_lock, &errorcheck_lock,
                                          &adaptive_lock, &robust_lock,    &inherit_lock};

static FRAME void take(int which) {
    CHECK(pthread_mutex_lock(locks[which]) == 0);
    counters[which]++;
    CHECK(pthread_mutex_unlock(locks[which]) == 0);
}

static void *work(void *unused) {
    meet(&arrived, 2);
    for (int i = 0; i < 100; i++)
        for (int which = 0; which < 6; which++)
            take(which);
    return unused;
}

int main(void) {
    static const int types[6] = {PTHREAD_MUTEX_NORMAL,      PTHREAD_MUTEX_RECURSIVE,
                                 PTHREAD_MUTEX_ERRORCHECK,  PTHREAD_MUTEX_ADAPTIVE_NP,
                                 PTHREAD_MUTEX_NORMAL,      PTHREAD_MUTEX_NORMAL};
    for (int i = 0; i < 6; i++) {
        pthread_mutexattr_t attr;
        CHECK(pthread_mutexattr_init(&attr) == 0);
        CHECK(pthread_mutexattr_settype(&attr, types[i]) == 0);
        if (locks[i] == &robust_lock)
            CHECK(pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST) == 0);
        if (locks[i] == &inherit_lock)
            CHECK(pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT) == 0);
        CHECK(pthread_mutex_init(locks[i], &attr) == 0);
        CHECK(pthread_mutexattr_destroy(&attr) == 0);
    }
    pthread_t one = spawn("One", work, NULL), two = spawn("Two", work, NULL);
    join(one);
    join(two);
    for (int i = 0; i < 6; i++) {
        printf("taken %d\n", counters[i]);
        CHECK(pthread_mutex_destroy(locks[i]) == 0);
    }
    return finish();
}
