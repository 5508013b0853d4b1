// A thread called Holder holds a mutex for 20 ms while one called Waiter waits for it.
#include "testing.h"

static pthread_mutex_t wanted_lock = PTHREAD_MUTEX_INITIALIZER;
static int held, asked;

static FRAME void holding_function(void) {
    CHECK(pthread_mutex_lock(&wanted_lock) == 0);
    long long begin = now_ns();
    announce(&held);
    await(&asked, 1);
    sleep_ms(20);
    truth("held_ns", now_ns() - begin);
    CHECK(pthread_mutex_unlock(&wanted_lock) == 0);
}

static FRAME void waiting_function(void) {
    announce(&asked);
    long long begin = now_ns();
    CHECK(pthread_mutex_lock(&wanted_lock) == 0);
    truth("waited_ns", now_ns() - begin);
    CHECK(pthread_mutex_unlock(&wanted_lock) == 0);
}

static void *holder(void *unused) {
    truth("holder_tid", gettid());
    holding_function();
    return unused;
}

static void *waiter(void *unused) {
    truth("waiter_tid", gettid());
    truth("waiter_self", (long long)pthread_self());
    await(&held, 1);
    waiting_function();
    return unused;
}

int main(void) {
    pthread_t one = spawn("Holder", holder, NULL), two = spawn("Waiter", waiter, NULL);
    join(one);
    join(two);
    return finish();
}
