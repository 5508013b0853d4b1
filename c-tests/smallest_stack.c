// Threads with the smallest stack there is take, wait for and time out on locks.
#include "testing.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t waited_for = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;

static FRAME void take_on_small_stack(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static FRAME void wait_on_small_stack(void) {
    CHECK(pthread_mutex_lock(&waited_for) == 0);
    struct timespec until = in_ms(CLOCK_REALTIME, 10);
    CHECK(pthread_cond_timedwait(&condition, &waited_for, &until) == ETIMEDOUT);
    sleep_ms(10);
    CHECK(pthread_mutex_unlock(&waited_for) == 0);
}

static void *work(void *unused) {
    for (int i = 0; i < 100; i++)
        take_on_small_stack();
    wait_on_small_stack();
    return unused;
}

int main(void) {
    pthread_attr_t attr;
    CHECK(pthread_attr_init(&attr) == 0);
    CHECK(pthread_attr_setstacksize(&attr, 16384) == 0);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], &attr, work, NULL) == 0);
    for (int i = 0; i < 4; i++)
        join(threads[i]);
    return finish();
}
