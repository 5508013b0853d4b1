// A thread cancelled inside pthread_cond_wait unwinds through C++ frames: destructors run, catch (...) rethrows.
#include "testing.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static int ready, destroyed, caught;

struct Guard {
    FRAME Guard() { CHECK(pthread_mutex_lock(&lock) == 0); }
    FRAME ~Guard() {
        destroyed++;
        CHECK(pthread_mutex_unlock(&lock) == 0);
    }
};

static FRAME void wait_for_ever() {
    for (;;)
        CHECK(pthread_cond_wait(&never, &lock) == 0);
}

static FRAME void *waits(void *asynchronous) {
    try {
        Guard guard;
        if (asynchronous != nullptr)
            CHECK(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, nullptr) == 0);
        announce(&ready);
        wait_for_ever();
    } catch (...) {
        caught++;
        throw;
    }
    return nullptr;
}

static FRAME void lock_afterwards() { Guard guard; }

int main() {
    for (int asynchronous = 0; asynchronous < 2; asynchronous++) {
        pthread_t thread = spawn(asynchronous ? "Asynchronous" : "Deferred", waits,
                                 asynchronous ? &ready : nullptr);
        await(&ready, asynchronous + 1);
        sleep_ms(100);
        CHECK(pthread_cancel(thread) == 0);
        void *result;
        CHECK(pthread_join(thread, &result) == 0);
        CHECK(result == PTHREAD_CANCELED);
        lock_afterwards();
    }
    printf("destroyed %d caught %d\n", destroyed, caught);
    return finish();
}
