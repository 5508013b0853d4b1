// Every way to ask for a mutex and not get it, while another thread holds it in peace.
#include "testing.h"

static pthread_mutex_t held_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t checked_lock = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
static int held, over;

static FRAME void hold(void) {
    CHECK(pthread_mutex_lock(&held_lock) == 0);
    CHECK(pthread_mutex_lock(&checked_lock) == 0);
    long long begin = now_ns();
    announce(&held);
    await(&over, 1);
    truth("held_ns", now_ns() - begin);
    CHECK(pthread_mutex_unlock(&checked_lock) == 0);
    CHECK(pthread_mutex_unlock(&held_lock) == 0);
}

static void *holder(void *unused) {
    hold();
    return unused;
}

static FRAME int try_busy(void) {
    int result = EBUSY;
    for (int i = 0; i < 10 && result == EBUSY; i++)
        result = pthread_mutex_trylock(&held_lock);
    return result;
}

static FRAME int run_out_of_time(void) {
    struct timespec until = in_ms(CLOCK_REALTIME, 50);
    long long begin = now_ns();
    int result = pthread_mutex_timedlock(&held_lock, &until);
    truth("timed_ns", now_ns() - begin);
    return result;
}

static FRAME int run_out_of_clock(void) {
    struct timespec until = in_ms(CLOCK_MONOTONIC, 50);
    long long begin = now_ns();
    int result = pthread_mutex_clocklock(&held_lock, CLOCK_MONOTONIC, &until);
    truth("clock_ns", now_ns() - begin);
    return result;
}

static FRAME int ask_with_bad_time(void) {
    struct timespec bad = {0, 2000000000L};
    return pthread_mutex_timedlock(&held_lock, &bad);
}

static FRAME int ask_with_bad_clock(void) {
    struct timespec until = in_ms(CLOCK_MONOTONIC, 50);
    return pthread_mutex_clocklock(&held_lock, CLOCK_PROCESS_CPUTIME_ID, &until);
}

static FRAME int unlock_foreign(void) { return pthread_mutex_unlock(&checked_lock); }

static FRAME int lock_twice(void) {
    CHECK(pthread_mutex_lock(&checked_lock) == 0);
    int result = pthread_mutex_lock(&checked_lock);
    CHECK(pthread_mutex_unlock(&checked_lock) == 0);
    return result;
}

int main(void) {
    pthread_t thread = spawn("Holder", holder, NULL);
    await(&held, 1);
    printf("busy %d\n", try_busy());
    printf("time out %d\n", run_out_of_time());
    printf("clock out %d\n", run_out_of_clock());
    printf("bad time %d\n", ask_with_bad_time());
    printf("bad clock %d\n", ask_with_bad_clock());
    printf("unlock foreign %d\n", unlock_foreign());
    announce(&over);
    join(thread);
    printf("lock twice %d\n", lock_twice());
    printf("unlock free %d\n", unlock_foreign());
    return finish();
}
