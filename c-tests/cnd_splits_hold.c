// The conditions of C11 end a hold and begin a new one, as those of POSIX do.
#include "testing.h"
#include <threads.h>

static mtx_t plain_lock, timed_lock;
static cnd_t plain_condition, timed_condition;
static int woken;

static FRAME int wait_cnd(void) {
    int result = thrd_success;
    long long begin = now_ns();
    while (!woken && result == thrd_success)
        result = cnd_wait(&plain_condition, &plain_lock);
    truth_since("plain_ns", begin);
    return result;
}

static FRAME int wait_cnd_timed(void) {
    struct timespec until = in_ms(CLOCK_REALTIME, 200);
    int result = thrd_success;
    long long begin = now_ns();
    while (result == thrd_success)
        result = cnd_timedwait(&timed_condition, &timed_lock, &until);
    truth_since("timed_ns", begin);
    return result;
}

static FRAME void first_piece(mtx_t *lock) {
    CHECK(mtx_lock(lock) == thrd_success);
    sleep_ms(10);
}

static FRAME void last_piece(mtx_t *lock) {
    sleep_ms(10);
    CHECK(mtx_unlock(lock) == thrd_success);
}

static void *plain(void *unused) {
    first_piece(&plain_lock);
    CHECK(wait_cnd() == thrd_success);
    last_piece(&plain_lock);
    return unused;
}

static void *timed(void *unused) {
    first_piece(&timed_lock);
    CHECK(wait_cnd_timed() == thrd_timedout);
    last_piece(&timed_lock);
    return unused;
}

static FRAME void wake(void) {
    CHECK(mtx_lock(&plain_lock) == thrd_success);
    woken = 1;
    CHECK(cnd_signal(&plain_condition) == thrd_success);
    CHECK(mtx_unlock(&plain_lock) == thrd_success);
}

int main(void) {
    CHECK(mtx_init(&plain_lock, mtx_plain) == thrd_success);
    CHECK(mtx_init(&timed_lock, mtx_timed) == thrd_success);
    CHECK(cnd_init(&plain_condition) == thrd_success);
    CHECK(cnd_init(&timed_condition) == thrd_success);
    pthread_t one = spawn("Plain", plain, NULL), two = spawn("Timed", timed, NULL);
    sleep_ms(210);
    wake();
    join(one);
    join(two);
    mtx_destroy(&plain_lock);
    mtx_destroy(&timed_lock);
    return finish();
}
