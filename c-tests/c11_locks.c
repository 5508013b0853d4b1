// The mutexes of C11: plain, timed and recursive, taken by every call there is.
#include "testing.h"
#include <threads.h>

static mtx_t plain_mtx, timed_mtx, recursive_mtx;
static int held, over;

static FRAME void take_plain(void) {
    CHECK(mtx_lock(&plain_mtx) == thrd_success);
    CHECK(mtx_unlock(&plain_mtx) == thrd_success);
}

static FRAME void take_timed(void) {
    struct timespec until = in_ms(CLOCK_REALTIME, 10000);
    CHECK(mtx_timedlock(&timed_mtx, &until) == thrd_success);
    CHECK(mtx_unlock(&timed_mtx) == thrd_success);
}

static FRAME void take_by_trying(void) {
    CHECK(mtx_trylock(&plain_mtx) == thrd_success);
    CHECK(mtx_unlock(&plain_mtx) == thrd_success);
}

static FRAME void take_inner(void) {
    CHECK(mtx_lock(&recursive_mtx) == thrd_success);
    CHECK(mtx_unlock(&recursive_mtx) == thrd_success);
}

static FRAME void take_outer(void) {
    CHECK(mtx_lock(&recursive_mtx) == thrd_success);
    take_inner();
    CHECK(mtx_unlock(&recursive_mtx) == thrd_success);
}

static FRAME void hold_timed(void) {
    CHECK(mtx_lock(&timed_mtx) == thrd_success);
    announce(&held);
    await(&over, 1);
    CHECK(mtx_unlock(&timed_mtx) == thrd_success);
}

static int holder(void *unused) {
    (void)unused;
    hold_timed();
    return 5;
}

static FRAME int try_busy(void) { return mtx_trylock(&timed_mtx); }

static FRAME int run_out_of_time(void) {
    struct timespec until = in_ms(CLOCK_REALTIME, 50);
    return mtx_timedlock(&timed_mtx, &until);
}

int main(void) {
    CHECK(mtx_init(&plain_mtx, mtx_plain) == thrd_success);
    CHECK(mtx_init(&timed_mtx, mtx_timed) == thrd_success);
    CHECK(mtx_init(&recursive_mtx, mtx_plain | mtx_recursive) == thrd_success);
    for (int i = 0; i < 100; i++) {
        take_plain();
        take_timed();
        take_by_trying();
        take_outer();
    }
    thrd_t thread;
    CHECK(thrd_create(&thread, holder, NULL) == thrd_success);
    await(&held, 1);
    printf("busy %d\n", try_busy() == thrd_busy);
    printf("time out %d\n", run_out_of_time() == thrd_timedout);
    announce(&over);
    int result;
    CHECK(thrd_join(thread, &result) == thrd_success);
    printf("thread %d\n", result);
    mtx_destroy(&plain_mtx);
    mtx_destroy(&timed_mtx);
    mtx_destroy(&recursive_mtx);
    return finish();
}
