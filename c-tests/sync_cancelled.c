// Threads cancelled while they wait for the end of another or, asynchronously, at a barrier and for an initialiser.
#include "testing.h"

static pthread_t endless;
static pthread_barrier_t never_full;
static pthread_once_t slow = PTHREAD_ONCE_INIT;
static int ready, handled, running, leave;

static FRAME void count_handler(void *unused) {
    (void)unused;
    handled++;
}

static FRAME void *sleeps_until_told(void *unused) {
    await(&leave, 1);
    return unused;
}

static FRAME void wait_to_join(void) { CHECK(pthread_join(endless, NULL) == 0); }
static FRAME void wait_at_barrier(void) { CHECK(pthread_barrier_wait(&never_full) == 0); }

static void initialise_slowly(void) {
    announce(&running);
    await(&leave, 1);
}

static FRAME void wait_once(void) { CHECK(pthread_once(&slow, initialise_slowly) == 0); }

static void *runs_once(void *unused) {
    wait_once();
    return unused;
}

struct variant {
    void (*wait)(void);
    int asynchronous;
};

static void *waits(void *raw) {
    struct variant *v = (struct variant *)raw;
    pthread_cleanup_push(count_handler, NULL);
    if (v->asynchronous)
        CHECK(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL) == 0);
    announce(&ready);
    v->wait();
    pthread_cleanup_pop(1);
    return NULL;
}

static FRAME void lock_afterwards(void) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

int main(void) {
    CHECK(pthread_barrier_init(&never_full, NULL, 9) == 0);
    endless = spawn("Endless", sleeps_until_told, NULL);
    pthread_t runner = spawn("Runner", runs_once, NULL);
    await(&running, 1);
    struct variant variants[] = {
        {wait_to_join, 0}, {wait_to_join, 1}, {wait_at_barrier, 1}, {wait_once, 1}};
    for (unsigned i = 0; i < LENGTH(variants); i++) {
        pthread_t thread = spawn("Cancelled", waits, &variants[i]);
        await(&ready, (int)i + 1);
        sleep_ms(50);
        CHECK(pthread_cancel(thread) == 0);
        void *result;
        CHECK(pthread_join(thread, &result) == 0);
        CHECK(result == PTHREAD_CANCELED);
        lock_afterwards();
    }
    announce(&leave);
    join(runner);
    wait_to_join();
    wait_once();
    printf("handled %d\n", handled);
    return finish();
}
