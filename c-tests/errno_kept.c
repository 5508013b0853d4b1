// No call changes errno or the signal mask, whether it succeeds, waits or fails, recorded or not.
#include "testing.h"
#include <signal.h>
#include <threads.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t wanted = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static mtx_t c11_lock;
static cnd_t c11_condition;
static int held;

// The call, with errno set before and looked at afterwards.
#define KEEPS(expected, call)                                                                   \
    do {                                                                                        \
        errno = 1234;                                                                           \
        int result_ = (call);                                                                   \
        int errno_ = errno;                                                                     \
        CHECK(errno_ == 1234);                                                                  \
        CHECK(result_ == (expected));                                                           \
    } while (0)

static void *hold_for_a_moment(void *unused) {
    KEEPS(0, pthread_mutex_lock(&wanted));
    announce(&held);
    sleep_ms(20);
    KEEPS(0, pthread_mutex_unlock(&wanted));
    return unused;
}

static void posix_calls(void) {
    struct timespec past = {0, 0}, later = in_ms(CLOCK_REALTIME, 10000);
    struct timespec ticks = in_ms(CLOCK_MONOTONIC, 10000);
    pthread_mutex_t fresh;
    KEEPS(0, pthread_mutex_init(&fresh, NULL));
    KEEPS(0, pthread_mutex_lock(&fresh));
    KEEPS(EBUSY, pthread_mutex_trylock(&fresh));
    KEEPS(ETIMEDOUT, pthread_mutex_timedlock(&fresh, &past));
    KEEPS(ETIMEDOUT, pthread_mutex_clocklock(&fresh, CLOCK_MONOTONIC, &past));
    KEEPS(ETIMEDOUT, pthread_cond_timedwait(&condition, &fresh, &past));
    KEEPS(ETIMEDOUT, pthread_cond_clockwait(&condition, &fresh, CLOCK_MONOTONIC, &past));
    KEEPS(0, pthread_mutex_unlock(&fresh));
    KEEPS(0, pthread_mutex_timedlock(&fresh, &later));
    KEEPS(0, pthread_mutex_unlock(&fresh));
    KEEPS(0, pthread_mutex_clocklock(&fresh, CLOCK_MONOTONIC, &ticks));
    KEEPS(0, pthread_mutex_unlock(&fresh));
    KEEPS(0, pthread_mutex_trylock(&fresh));
    KEEPS(0, pthread_mutex_unlock(&fresh));
    KEEPS(0, pthread_mutex_destroy(&fresh));
}

static void c11_calls(void) {
    struct timespec past = {0, 0};
    KEEPS(thrd_success, mtx_lock(&c11_lock));
    KEEPS(thrd_busy, mtx_trylock(&c11_lock));
    KEEPS(thrd_timedout, mtx_timedlock(&c11_lock, &past));
    KEEPS(thrd_timedout, cnd_timedwait(&c11_condition, &c11_lock, &past));
    KEEPS(thrd_success, mtx_unlock(&c11_lock));
}

static void *all_calls(void *unused) {
    for (int i = 0; i < 20000; i++) {
        KEEPS(0, pthread_mutex_lock(&lock));
        KEEPS(0, pthread_mutex_unlock(&lock));
    }
    for (int i = 0; i < 200; i++) {
        posix_calls();
        c11_calls();
    }
    pthread_t thread;
    held = 0;
    KEEPS(0, pthread_create(&thread, NULL, hold_for_a_moment, NULL));
    await(&held, 1);
    KEEPS(0, pthread_mutex_lock(&wanted));
    KEEPS(0, pthread_mutex_unlock(&wanted));
    join(thread);
    return unused;
}

int main(void) {
    sigset_t before, after;
    sigemptyset(&before);
    sigaddset(&before, SIGUSR1);
    sigaddset(&before, SIGWINCH);
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    CHECK(mtx_init(&c11_lock, mtx_timed) == thrd_success);
    CHECK(cnd_init(&c11_condition) == thrd_success);
    all_calls(NULL);
    join(spawn("Other", all_calls, NULL));
    CHECK(pthread_sigmask(SIG_SETMASK, NULL, &after) == 0);
    for (int signal = 1; signal < 32; signal++)
        CHECK(sigismember(&before, signal) == sigismember(&after, signal));
    return finish();
}
