// Takes locks in the program, in functions whose names begin alike, in a library and through its wrapper, before and after a profile is made.
#include "lockprof.h"
#include "testing.h"

enum { ROUNDS = 400, THREADS = 2 };

void take_in_library(pthread_mutex_t *lock);
void only_take_in_library(pthread_mutex_t *lock);
void hold_in_library(pthread_mutex_t *lock, int *held, int *asking);
void uv_mutex_lock(pthread_mutex_t *lock);

static pthread_mutex_t fought_for = PTHREAD_MUTEX_INITIALIZER;
static int arrived, flushed, held, asking;

static FRAME void take_in_program(pthread_mutex_t *lock) {
    CHECK(pthread_mutex_lock(lock) == 0);
    CHECK(pthread_mutex_unlock(lock) == 0);
}

static FRAME void noisy_first(pthread_mutex_t *lock) {
    CHECK(pthread_mutex_lock(lock) == 0);
    CHECK(pthread_mutex_unlock(lock) == 0);
}

static FRAME void noisy_second(pthread_mutex_t *lock) {
    CHECK(pthread_mutex_trylock(lock) == 0);
    CHECK(pthread_mutex_trylock(lock) == EBUSY);
    CHECK(pthread_mutex_unlock(lock) == 0);
}

static FRAME void take_through_wrapper(pthread_mutex_t *lock) {
    uv_mutex_lock(lock);
    CHECK(pthread_mutex_unlock(lock) == 0);
}

static FRAME void release_in_program(pthread_mutex_t *lock) {
    CHECK(pthread_mutex_unlock(lock) == 0);
}

static FRAME void take_everywhere(void) {
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    for (int i = 0; i < ROUNDS; i++) {
        take_in_program(&lock);
        noisy_first(&lock);
        noisy_second(&lock);
        take_in_library(&lock);
        take_through_wrapper(&lock);
        only_take_in_library(&lock);
        release_in_program(&lock);
        // No more at once than is taken in by a profiler that comes late.
        if (i % 40 == 0)
            sleep_ms(20);
    }
}

static void *taker(void *unused) {
    take_everywhere();
    meet(&arrived, THREADS + 1);
    await(&flushed, 1);
    take_everywhere();
    return unused;
}

static FRAME void wait_in_program(void) {
    await(&held, 1);
    announce(&asking);
    long long begin = now_ns();
    CHECK(pthread_mutex_lock(&fought_for) == 0);
    truth("waited_ns", now_ns() - begin);
    CHECK(pthread_mutex_unlock(&fought_for) == 0);
}

static void *waiter(void *unused) {
    wait_in_program();
    return unused;
}

int main(void) {
    pthread_t takers[THREADS];
    for (int i = 0; i < THREADS; i++)
        takers[i] = spawn("Taker", taker, NULL);
    // From here on what is left out is known.
    meet(&arrived, THREADS + 1);
    lockprof_flush();
    announce(&flushed);
    for (int i = 0; i < THREADS; i++)
        join(takers[i]);
    pthread_t waiting = spawn("Waiter", waiter, NULL);
    hold_in_library(&fought_for, &held, &asking);
    join(waiting);
    truth("rounds", 2 * THREADS * ROUNDS);
    return finish();
}
