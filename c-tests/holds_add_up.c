// Four threads hold one mutex for known times; together they cannot hold it longer than the clock runs.
#include "testing.h"

static pthread_mutex_t busy_lock = PTHREAD_MUTEX_INITIALIZER;
static long long held_ns;
static int arrived;

static FRAME void hold_and_sleep(void) {
    CHECK(pthread_mutex_lock(&busy_lock) == 0);
    long long begin = now_ns();
    sleep_ms(5);
    held_ns += now_ns() - begin;
    CHECK(pthread_mutex_unlock(&busy_lock) == 0);
}

static void *work(void *unused) {
    meet(&arrived, 4);
    for (int i = 0; i < 10; i++)
        hold_and_sleep();
    return unused;
}

int main(void) {
    pthread_t threads[4];
    long long begin = now_ns();
    for (int i = 0; i < 4; i++)
        threads[i] = spawn("Worker", work, NULL);
    for (int i = 0; i < 4; i++)
        join(threads[i]);
    truth("wall_ns", now_ns() - begin);
    truth("held_ns", held_ns);
    return finish();
}
