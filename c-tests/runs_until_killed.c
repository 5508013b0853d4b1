// Locks ten times each 10 ms until it is killed.
#include "testing.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static FRAME void work_for_ever(void) {
    for (;;) {
        for (int i = 0; i < 10; i++) {
            CHECK(pthread_mutex_lock(&lock) == 0);
            CHECK(pthread_mutex_unlock(&lock) == 0);
        }
        sleep_ms(10);
    }
}

static void *worker(void *unused) {
    work_for_ever();
    return unused;
}

int main(void) {
    spawn("Worker", worker, NULL);
    // A test that is interrupted must not leave this behind.
    sleep_ms(60000);
    return 1;
}
