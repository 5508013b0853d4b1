// daemon(3): what was the program locks before it, its child afterwards, with a thread of its own.
#include "testing.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static FRAME void before_daemon(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static FRAME void after_daemon(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static void *worker(void *unused) {
    for (int i = 0; i < 20; i++)
        after_daemon();
    return unused;
}

static void *first_worker(void *unused) {
    for (int i = 0; i < 10; i++)
        before_daemon();
    return unused;
}

int main(void) {
    join(spawn("Before", first_worker, NULL));
    finish();
    CHECK(daemon(0, 0) == 0);
    truth("daemon_pid", getpid());
    join(spawn("After", worker, NULL));
    truth("daemon_done", 1);
    return 0;
}
