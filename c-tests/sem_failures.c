// Every way to ask for a semaphore and not get it, what errno says then, and that it says nothing new otherwise.
#include "testing.h"
#include <limits.h>
#include <semaphore.h>
#include <signal.h>

static sem_t empty, ready, full;
static int interrupted_thread_waits;

// Prints what a call returned and what it left in errno.
#define SAYS(call)                                                                              \
    do {                                                                                        \
        errno = 77;                                                                             \
        int result_ = (call);                                                                   \
        int errno_ = errno;                                                                     \
        printf("%s: %d, errno %d\n", #call, result_, errno_);                                   \
    } while (0)

static FRAME int try_empty(void) { return sem_trywait(&empty); }

// Reports how long something took that began then, and leaves errno alone.
static void took(const char *key, long long begin) {
    int error = errno;
    truth(key, now_ns() - begin);
    errno = error;
}

static FRAME int run_out_of_time(void) {
    struct timespec until = in_ms(CLOCK_REALTIME, 50);
    long long begin = now_ns();
    int result = sem_timedwait(&empty, &until);
    took("timed_ns", begin);
    return result;
}

static FRAME int run_out_of_clock(void) {
    struct timespec until = in_ms(CLOCK_MONOTONIC, 50);
    long long begin = now_ns();
    int result = sem_clockwait(&empty, CLOCK_MONOTONIC, &until);
    took("clock_ns", begin);
    return result;
}

static FRAME int ask_with_bad_time(sem_t *semaphore) {
    struct timespec bad = {0, 2000000000L};
    return sem_timedwait(semaphore, &bad);
}

static FRAME int ask_with_bad_clock(sem_t *semaphore) {
    struct timespec until = in_ms(CLOCK_MONOTONIC, 50);
    return sem_clockwait(semaphore, CLOCK_PROCESS_CPUTIME_ID, &until);
}

static FRAME int be_interrupted(void) {
    long long begin = now_ns();
    int result = sem_wait(&empty);
    took("interrupted_ns", begin);
    return result;
}

static void handle(int signal) { CHECK(signal == SIGUSR1); }

static void *waits(void *unused) {
    announce(&interrupted_thread_waits);
    SAYS(be_interrupted());
    return unused;
}

static void *posts_late(void *unused) {
    sleep_ms(20);
    SAYS(sem_post(&ready));
    return unused;
}

static FRAME void succeed(void) {
    struct timespec until = in_ms(CLOCK_REALTIME, 10000);
    struct timespec ticks = in_ms(CLOCK_MONOTONIC, 10000);
    for (int i = 0; i < 4; i++)
        SAYS(sem_post(&ready));
    SAYS(sem_wait(&ready));
    SAYS(sem_trywait(&ready));
    SAYS(sem_timedwait(&ready, &until));
    SAYS(sem_clockwait(&ready, CLOCK_MONOTONIC, &ticks));
}

int main(void) {
    CHECK(sem_init(&empty, 0, 0) == 0);
    CHECK(sem_init(&ready, 0, 0) == 0);
    CHECK(sem_init(&full, 0, SEM_VALUE_MAX) == 0);
    SAYS(sem_init(&full, 0, UINT_MAX));
    for (int i = 0; i < 10; i++)
        SAYS(try_empty());
    SAYS(run_out_of_time());
    SAYS(run_out_of_clock());
    SAYS(ask_with_bad_time(&empty));
    SAYS(ask_with_bad_clock(&empty));
    // Times are looked at even if nothing must be waited for.
    SAYS(ask_with_bad_time(&full));
    SAYS(ask_with_bad_clock(&full));
    SAYS(sem_post(&full));
    SAYS(sem_open("no slash, no semaphore/", 0) == SEM_FAILED);
    succeed();

    struct sigaction action = {.sa_handler = handle};
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    pthread_t thread = spawn("Interrupted", waits, NULL);
    await(&interrupted_thread_waits, 1);
    sleep_ms(100);
    CHECK(pthread_kill(thread, SIGUSR1) == 0);
    join(thread);

    thread = spawn("Late", posts_late, NULL);
    errno = 77;
    CHECK(sem_wait(&ready) == 0 && errno == 77);
    join(thread);
    return finish();
}
