// Leaves the calls of a lock by siglongjmp from a signal handler, wherever that strikes; goes on, or ends its thread there.
#include "testing.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/syscall.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

#define JUMPS 1500
#define ENDS 300
// More than any queue of ours holds.
#define TURNS 10000

static __thread sigjmp_buf out;
static __thread volatile sig_atomic_t armed;
static volatile long long tried, done, jumps;
static unsigned long random_state = 88172645463325252UL;

static void handle(int unused) {
    (void)unused;
    if (armed) {
        armed = 0;
        siglongjmp(out, 1);
    }
}

static unsigned long next_random(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static timer_t timer_of_this_thread(void) {
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR2};
    event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
    timer_t timer;
    CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
    return timer;
}

// Takes a lock until the signal comes. Whether it is held then nobody knows.
static FRAME void churn(timer_t timer, pthread_mutex_t *mutex) {
    struct itimerspec in = {.it_value.tv_nsec = 500 + (long)(next_random() % 50000)};
    if (sigsetjmp(out, 1) == 0) {
        armed = 1;
        CHECK(timer_settime(timer, 0, &in, NULL) == 0);
        for (;;) {
            tried++;
            pthread_mutex_lock(mutex);
            done++;
            pthread_mutex_unlock(mutex);
        }
    }
    jumps++;
}

static void *goes_on(void *unused) {
    static pthread_mutex_t mutexes[JUMPS];
    timer_t timer = timer_of_this_thread();
    for (volatile int i = 0; i < JUMPS; i++)
        churn(timer, &mutexes[i]);
    CHECK(timer_delete(timer) == 0);
    return unused;
}

static void *ends(void *unused) {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    timer_t timer = timer_of_this_thread();
    churn(timer, &mutex);
    CHECK(timer_delete(timer) == 0);
    return unused;
}

static FRAME void take_afterwards(void) {
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    for (int i = 0; i < TURNS; i++) {
        CHECK(pthread_mutex_lock(&mutex) == 0);
        CHECK(pthread_mutex_unlock(&mutex) == 0);
    }
}

static void *afterwards(void *unused) {
    take_afterwards();
    return unused;
}

int main(void) {
    struct sigaction action = {.sa_handler = handle};
    CHECK(sigaction(SIGUSR2, &action, NULL) == 0);
    join(spawn("GoesOn", goes_on, NULL));
    for (int i = 0; i < ENDS; i++)
        join(spawn("Ends", ends, NULL));
    join(spawn("Afterwards", afterwards, NULL));
    truth("tried", tried);
    truth("done", done);
    truth("jumps", jumps);
    return finish();
}
