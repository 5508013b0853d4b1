// Eight workers that are idle nearly all the time, and two threads that fight for a lock.
#include "testing.h"

#define WORKERS 8

static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t pool_work = PTHREAD_COND_INITIALIZER;
static int stop;
static long long stop_ns;

static void lock_pool(void) {
    long long begin = now_ns();
    CHECK(pthread_mutex_lock(&pool_lock) == 0);
    truth_since("pool_wait_ns", begin);
}

static FRAME void idle(void) {
    lock_pool();
    long long begin = now_ns();
    while (!stop)
        CHECK(pthread_cond_wait(&pool_work, &pool_lock) == 0);
    truth_since("idle_ns", begin);
    // After the end of it each may wait for the others that are woken, too.
    truth_since("pool_wait_ns", stop_ns);
    CHECK(pthread_mutex_unlock(&pool_lock) == 0);
}

static void *worker(void *unused) {
    idle();
    return unused;
}

static pthread_mutex_t fought_for = PTHREAD_MUTEX_INITIALIZER;

static FRAME void fight(void) {
    long long begin = now_ns();
    CHECK(pthread_mutex_lock(&fought_for) == 0);
    truth_since("wait_ns", begin);
    sleep_ms(2);
    CHECK(pthread_mutex_unlock(&fought_for) == 0);
}

static void *fighter(void *unused) {
    for (int i = 0; i < 20; i++)
        fight();
    return unused;
}

static FRAME void stop_all(void) {
    lock_pool();
    stop = 1;
    stop_ns = now_ns();
    CHECK(pthread_cond_broadcast(&pool_work) == 0);
    CHECK(pthread_mutex_unlock(&pool_lock) == 0);
}

int main(void) {
    pthread_t workers[WORKERS];
    for (int i = 0; i < WORKERS; i++)
        workers[i] = spawn("Idle", worker, NULL);
    sleep_ms(200);
    pthread_t a = spawn("Fighter", fighter, NULL), b = spawn("Fighter", fighter, NULL);
    join(a);
    join(b);
    sleep_ms(200);
    stop_all();
    for (int i = 0; i < WORKERS; i++)
        join(workers[i]);
    return finish();
}
