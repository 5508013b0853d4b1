// Waits that are not for a lock: for signals, at a barrier, for an initialiser, for the end of a thread; how long each was.
#include "testing.h"
#include <threads.h>

#define ROUNDS 5

static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t queue_filled = PTHREAD_COND_INITIALIZER;
static int jobs, done;

static FRAME void wait_for_job(void) {
    CHECK(pthread_mutex_lock(&queue_lock) == 0);
    long long begin = now_ns();
    while (jobs == 0)
        CHECK(pthread_cond_wait(&queue_filled, &queue_lock) == 0);
    truth_since("cond_ns", begin);
    jobs = 0;
    CHECK(pthread_mutex_unlock(&queue_lock) == 0);
    announce(&done);
}

static FRAME void submit_rarely(void) {
    CHECK(pthread_mutex_lock(&queue_lock) == 0);
    jobs = 1;
    CHECK(pthread_cond_signal(&queue_filled) == 0);
    CHECK(pthread_mutex_unlock(&queue_lock) == 0);
}

static FRAME void submit_last(void) {
    CHECK(pthread_mutex_lock(&queue_lock) == 0);
    jobs = 1;
    CHECK(pthread_cond_broadcast(&queue_filled) == 0);
    CHECK(pthread_mutex_unlock(&queue_lock) == 0);
}

static void *worker(void *unused) {
    for (int i = 0; i < ROUNDS; i++)
        wait_for_job();
    return unused;
}

static FRAME void run_out_of_time(void) {
    CHECK(pthread_mutex_lock(&queue_lock) == 0);
    struct timespec until = in_ms(CLOCK_REALTIME, 30);
    long long begin = now_ns();
    CHECK(pthread_cond_timedwait(&queue_filled, &queue_lock, &until) == ETIMEDOUT);
    truth_since("cond_in_vain_ns", begin);
    until.tv_nsec = -1;
    CHECK(pthread_cond_timedwait(&queue_filled, &queue_lock, &until) == EINVAL);
    CHECK(pthread_mutex_unlock(&queue_lock) == 0);
}

static pthread_barrier_t meeting;
static int arriving;

static FRAME int meet_early(void) { return pthread_barrier_wait(&meeting); }

static FRAME int come_last(void) { return pthread_barrier_wait(&meeting); }

static void *early_bird(void *unused) {
    for (int i = 0; i < ROUNDS; i++) {
        announce(&arriving);
        long long begin = now_ns();
        CHECK(meet_early() == 0);
        truth_since("barrier_ns", begin);
    }
    return unused;
}

static void *straggler(void *unused) {
    for (int i = 0; i < ROUNDS; i++) {
        await(&arriving, 2 * (i + 1));
        sleep_ms(20);
        CHECK(come_last() == PTHREAD_BARRIER_SERIAL_THREAD);
    }
    return unused;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static once_flag flag = ONCE_FLAG_INIT;
static pthread_mutex_t inside_lock = PTHREAD_MUTEX_INITIALIZER;
static int begun;

static FRAME void initialise(void) {
    announce(&begun);
    CHECK(pthread_mutex_lock(&inside_lock) == 0);
    sleep_ms(50);
    CHECK(pthread_mutex_unlock(&inside_lock) == 0);
}

static FRAME void need_it(void) { CHECK(pthread_once(&once, initialise) == 0); }

static FRAME void need_it_in_c11(void) { call_once(&flag, initialise); }

static void *first_user(void *unused) {
    need_it();
    need_it_in_c11();
    return unused;
}

static void *second_user(void *unused) {
    await(&begun, 1);
    long long begin = now_ns();
    need_it();
    truth_since("once_ns", begin);
    await(&begun, 2);
    begin = now_ns();
    need_it_in_c11();
    truth_since("once_ns", begin);
    for (int i = 0; i < 100; i++)
        need_it();
    return unused;
}

static void *sleeper(void *unused) {
    sleep_ms(40);
    return unused;
}

static int c11_sleeper(void *unused) {
    (void)unused;
    sleep_ms(40);
    return 7;
}

static FRAME void join_plain(pthread_t thread) { CHECK(pthread_join(thread, NULL) == 0); }

static FRAME void join_too_soon(pthread_t thread) {
    struct timespec until = in_ms(CLOCK_REALTIME, 10);
    CHECK(pthread_timedjoin_np(thread, NULL, &until) == ETIMEDOUT);
}

static FRAME void join_by_clock(pthread_t thread) {
    struct timespec until = in_ms(CLOCK_MONOTONIC, 5000);
    CHECK(pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until) == 0);
}

static FRAME void join_in_c11(thrd_t thread) {
    int result;
    CHECK(thrd_join(thread, &result) == thrd_success && result == 7);
}

static FRAME void conditions(void) {
    pthread_t thread = spawn("Worker", worker, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        sleep_ms(20);
        if (i < ROUNDS - 1)
            submit_rarely();
        else
            submit_last();
        await(&done, i + 1);
    }
    join_plain(thread);
    run_out_of_time();
    // Nobody waits any more.
    submit_rarely();
}

static FRAME void barriers(void) {
    CHECK(pthread_barrier_init(&meeting, NULL, 3) == 0);
    pthread_t threads[3] = {spawn("Early-0", early_bird, NULL), spawn("Early-1", early_bird, NULL),
                            spawn("Straggler", straggler, NULL)};
    for (int i = 0; i < 3; i++)
        join_plain(threads[i]);
    CHECK(pthread_barrier_destroy(&meeting) == 0);
}

static FRAME void initialisers(void) {
    pthread_t first = spawn("First", first_user, NULL), second = spawn("Second", second_user, NULL);
    join_plain(first);
    join_plain(second);
}

static FRAME void ends(void) {
    pthread_t once_only = spawn("Sleeper", sleeper, NULL);
    long long begin = now_ns();
    join_plain(once_only);
    truth_since("join_plain", begin);
    pthread_t twice = spawn("Twice", sleeper, NULL);
    begin = now_ns();
    join_too_soon(twice);
    truth_since("join_too_soon", begin);
    begin = now_ns();
    join_by_clock(twice);
    truth_since("join_by_clock", begin);
    thrd_t thread;
    CHECK(thrd_create(&thread, c11_sleeper, NULL) == thrd_success);
    begin = now_ns();
    join_in_c11(thread);
    truth_since("join_in_c11", begin);
    CHECK(pthread_join(pthread_self(), NULL) == EDEADLK);
}

int main(void) {
    conditions();
    barriers();
    initialisers();
    ends();
    return finish();
}
