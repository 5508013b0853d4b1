// A mutex held 10 ms, given up for 200 ms inside a condition, held 10 ms again: in every call that waits.
#include "testing.h"

struct variant {
    pthread_mutex_t lock;
    pthread_cond_t condition;
    int woken;
    int result;
    int (*wait)(struct variant *);
};

static FRAME int wait_plain(struct variant *v) {
    int result = 0;
    while (!v->woken && result == 0)
        result = pthread_cond_wait(&v->condition, &v->lock);
    return result;
}

static FRAME int wait_timed(struct variant *v) {
    struct timespec until = in_ms(CLOCK_REALTIME, 200);
    int result = 0;
    while (!v->woken && result == 0)
        result = pthread_cond_timedwait(&v->condition, &v->lock, &until);
    return result;
}

static FRAME int wait_clock(struct variant *v) {
    struct timespec until = in_ms(CLOCK_MONOTONIC, 200);
    int result = 0;
    while (!v->woken && result == 0)
        result = pthread_cond_clockwait(&v->condition, &v->lock, CLOCK_MONOTONIC, &until);
    return result;
}

#define VARIANT(function) {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, function}
static struct variant plain = VARIANT(wait_plain);
static struct variant timed = VARIANT(wait_timed);
static struct variant clocked = VARIANT(wait_clock);

static FRAME long long first_piece(struct variant *v) {
    CHECK(pthread_mutex_lock(&v->lock) == 0);
    long long begin = now_ns();
    sleep_ms(10);
    return begin;
}

static FRAME void last_piece(struct variant *v, long long begin) {
    sleep_ms(10);
    truth("last_piece_ns", now_ns() - begin);
    CHECK(pthread_mutex_unlock(&v->lock) == 0);
}

static void *work(void *raw) {
    struct variant *v = (struct variant *)raw;
    long long begin = first_piece(v);
    truth("first_piece_ns", now_ns() - begin);
    v->result = v->wait(v);
    last_piece(v, now_ns());
    return NULL;
}

static FRAME void wake(struct variant *v) {
    CHECK(pthread_mutex_lock(&v->lock) == 0);
    v->woken = 1;
    CHECK(pthread_cond_signal(&v->condition) == 0);
    CHECK(pthread_mutex_unlock(&v->lock) == 0);
}

int main(void) {
    pthread_t one = spawn("Plain", work, &plain);
    pthread_t two = spawn("Timed", work, &timed);
    pthread_t three = spawn("Clock", work, &clocked);
    sleep_ms(210);
    wake(&plain);
    join(one);
    join(two);
    join(three);
    printf("%d %d %d\n", plain.result, timed.result, clocked.result);
    return finish();
}
