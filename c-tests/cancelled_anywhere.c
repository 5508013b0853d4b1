// Threads that may be cancelled at any instruction lock, try and wait until they are; those that stay must not wait for what they left.
#include "testing.h"

#define ROUNDS 4000

struct life {
    pthread_mutex_t own;
    pthread_cond_t condition;
    int begun;
    int what;
};

static pthread_mutex_t taken = PTHREAD_MUTEX_INITIALIZER, after = PTHREAD_MUTEX_INITIALIZER;
static unsigned long seed;

static unsigned long next(void) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

// Another thread has it for ever.
static FRAME void wait_in_vain(void) {
    struct timespec until = in_ms(CLOCK_MONOTONIC, 0);
    until.tv_nsec = until.tv_nsec > 999900000 ? until.tv_nsec : until.tv_nsec + 20000;
    CHECK(pthread_mutex_clocklock(&taken, CLOCK_MONOTONIC, &until) != 0);
}

static FRAME void *live_until_cancelled(void *raw) {
    struct life *life = raw;
    CHECK(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL) == 0);
    announce(&life->begun);
    for (;;) {
        if (life->what == 0)
            CHECK(pthread_mutex_trylock(&taken) == EBUSY);
        else if (life->what == 1)
            wait_in_vain();
        pthread_mutex_lock(&life->own);
        pthread_mutex_unlock(&life->own);
        if (life->what == 2)
            pthread_cond_signal(&life->condition);
    }
}

static FRAME void have_one(void) {
    struct life *life = calloc(1, sizeof *life);
    CHECK(life != NULL && pthread_mutex_init(&life->own, NULL) == 0);
    CHECK(pthread_cond_init(&life->condition, NULL) == 0);
    life->what = (int)(next() % 4);
    pthread_t thread = spawn("Short", live_until_cancelled, life);
    await(&life->begun, 1);
    spin_ns((long long)(next() % 60000));
    CHECK(pthread_cancel(thread) == 0);
    void *result = NULL;
    CHECK(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
    free(life);
}

static FRAME void take_afterwards(void) {
    for (int i = 0; i < 20000; i++) {
        CHECK(pthread_mutex_lock(&after) == 0);
        CHECK(pthread_mutex_unlock(&after) == 0);
    }
}

int main(int count, char **arguments) {
    seed = count > 1 ? strtoul(arguments[1], NULL, 10) : 1;
    long rounds = count > 2 ? strtol(arguments[2], NULL, 10) : ROUNDS;
    CHECK(seed != 0 && pthread_mutex_lock(&taken) == 0);
    for (long i = 0; i < rounds; i++)
        have_one();
    // More than any queue has room for.
    take_afterwards();
    return finish();
}
