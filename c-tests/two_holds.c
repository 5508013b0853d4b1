// Two locks, held 10 ms by one function and 30 ms by another.
#include "testing.h"

static pthread_mutex_t short_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t long_lock = PTHREAD_MUTEX_INITIALIZER;

static FRAME void hold_short(void) {
    CHECK(pthread_mutex_lock(&short_lock) == 0);
    long long begin = now_ns();
    sleep_ms(10);
    truth("short_ns", now_ns() - begin);
    CHECK(pthread_mutex_unlock(&short_lock) == 0);
}

static FRAME void hold_long(void) {
    CHECK(pthread_mutex_lock(&long_lock) == 0);
    long long begin = now_ns();
    sleep_ms(30);
    truth("long_ns", now_ns() - begin);
    CHECK(pthread_mutex_unlock(&long_lock) == 0);
}

static FRAME void *short_thread(void *unused) {
    for (int i = 0; i < 12; i++)
        hold_short();
    return unused;
}

static FRAME void *long_thread(void *unused) {
    for (int i = 0; i < 4; i++)
        hold_long();
    return unused;
}

int main(void) {
    pthread_t one = spawn("Short", short_thread, NULL), two = spawn("Long", long_thread, NULL);
    join(one);
    join(two);
    return finish();
}
