// Threads cancelled in sem_wait and its like, deferred, asynchronously, and before the call: C++ is unwound, and nothing is taken.
#include "testing.h"
#include <semaphore.h>

static sem_t never, free_one;
static int ready, unwound;

struct Unwinding {
    ~Unwinding() { announce(&unwound); }
};

static FRAME void wait_for_ever() { sem_wait(&never); }

static FRAME void wait_until() {
    struct timespec until = in_ms(CLOCK_REALTIME, 20000);
    sem_timedwait(&never, &until);
}

static FRAME void wait_though_cancelled() {
    // Taken at once if it were not for the cancellation.
    sem_wait(&free_one);
}

static FRAME void *waits(void *asynchronous) {
    Unwinding here;
    if (asynchronous)
        CHECK(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL) == 0);
    announce(&ready);
    wait_for_ever();
    return NULL;
}

static FRAME void *waits_until(void *) {
    Unwinding here;
    announce(&ready);
    wait_until();
    return NULL;
}

static FRAME void *is_cancelled_before(void *) {
    Unwinding here;
    announce(&ready);
    int old;
    CHECK(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old) == 0);
    sleep_ms(200);
    CHECK(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old) == 0);
    wait_though_cancelled();
    return NULL;
}

static void cancel(const char *name, void *(*body)(void *), void *argument) {
    int before = ready;
    pthread_t thread = spawn(name, body, argument);
    await(&ready, before + 1);
    sleep_ms(100);
    CHECK(pthread_cancel(thread) == 0);
    void *result;
    CHECK(pthread_join(thread, &result) == 0);
    CHECK(result == PTHREAD_CANCELED);
}

static FRAME void use_afterwards(sem_t *semaphore) {
    CHECK(sem_post(semaphore) == 0);
    CHECK(sem_wait(semaphore) == 0);
}

int main() {
    CHECK(sem_init(&never, 0, 0) == 0);
    CHECK(sem_init(&free_one, 0, 1) == 0);
    cancel("Deferred", waits, NULL);
    cancel("Asynchronous", waits, &ready);
    cancel("Timed", waits_until, NULL);
    cancel("Before", is_cancelled_before, NULL);
    int value;
    CHECK(sem_getvalue(&free_one, &value) == 0);
    printf("unwound %d, left %d\n", unwound, value);
    use_afterwards(&never);
    use_afterwards(&free_one);
    return finish();
}
