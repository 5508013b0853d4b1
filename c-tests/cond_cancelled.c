// Threads cancelled inside pthread_cond_wait, deferred and asynchronously; a cleanup handler unlocks.
#include "testing.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static int ready;
static int handled;

static FRAME void unlock_in_handler(void *unused) {
    (void)unused;
    handled++;
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static FRAME void wait_for_ever(void) {
    for (;;)
        CHECK(pthread_cond_wait(&never, &lock) == 0);
}

static FRAME void *waits(void *asynchronous) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    pthread_cleanup_push(unlock_in_handler, NULL);
    if (asynchronous)
        CHECK(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL) == 0);
    announce(&ready);
    wait_for_ever();
    pthread_cleanup_pop(1);
    return NULL;
}

static FRAME void lock_afterwards(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

int main(void) {
    for (int asynchronous = 0; asynchronous < 2; asynchronous++) {
        pthread_t thread =
            spawn(asynchronous ? "Asynchronous" : "Deferred", waits, asynchronous ? &ready : NULL);
        await(&ready, asynchronous + 1);
        sleep_ms(100);
        CHECK(pthread_cancel(thread) == 0);
        void *result;
        CHECK(pthread_join(thread, &result) == 0);
        CHECK(result == PTHREAD_CANCELED);
        lock_afterwards();
    }
    printf("handled %d\n", handled);
    return finish();
}
