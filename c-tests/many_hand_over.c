// Producers and consumers, more of them than processors, hand items over for a second; most waits are for a processor.
#include "testing.h"

#define EACH 4
#define ROOM 16
#define RUN_NS 1000000000LL

static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_full = PTHREAD_COND_INITIALIZER, not_empty = PTHREAD_COND_INITIALIZER;
static int filled, is_over;
static long long acquired;

// With the lock held.
static FRAME void await_fit(pthread_cond_t *condition, int unfit) {
    while (filled == unfit && !is_over) {
        CHECK(pthread_cond_wait(condition, &queue_lock) == 0);
        acquired++;
    }
}

static FRAME int produce(void) {
    CHECK(pthread_mutex_lock(&queue_lock) == 0);
    acquired++;
    await_fit(&not_full, ROOM);
    int go_on = !is_over;
    filled += go_on;
    CHECK(pthread_cond_signal(&not_empty) == 0);
    CHECK(pthread_mutex_unlock(&queue_lock) == 0);
    return go_on;
}

static FRAME int consume(void) {
    CHECK(pthread_mutex_lock(&queue_lock) == 0);
    acquired++;
    await_fit(&not_empty, 0);
    int go_on = !is_over;
    filled -= go_on;
    CHECK(pthread_cond_signal(&not_full) == 0);
    CHECK(pthread_mutex_unlock(&queue_lock) == 0);
    return go_on;
}

static void *producer(void *unused) {
    while (produce()) {
    }
    return unused;
}

static void *consumer(void *unused) {
    while (consume()) {
    }
    return unused;
}

static FRAME void stop_all(void) {
    CHECK(pthread_mutex_lock(&queue_lock) == 0);
    acquired++;
    is_over = 1;
    CHECK(pthread_cond_broadcast(&not_full) == 0);
    CHECK(pthread_cond_broadcast(&not_empty) == 0);
    CHECK(pthread_mutex_unlock(&queue_lock) == 0);
}

int main(void) {
    pthread_t threads[2 * EACH];
    for (size_t i = 0; i < LENGTH(threads); i++)
        threads[i] = i % 2 ? spawn("Consumer", consumer, NULL) : spawn("Producer", producer, NULL);
    for (long long end = now_ns() + RUN_NS; now_ns() < end;)
        sleep_ms(10);
    stop_all();
    for (size_t i = 0; i < LENGTH(threads); i++)
        join(threads[i]);
    truth("acquired", acquired);
    return finish();
}
