// Twenty thousand threads, one after the other, each with one acquisition.
#include "testing.h"
#include <lockprof.h>

enum { THREADS = 20000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static FRAME void *take_once(void *unused) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
    return unused;
}

int main(void) {
    for (int i = 0; i < THREADS; i++) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, take_once, NULL) == 0);
        join(thread);
    }
    // On a busy machine so much may take longer than an end may.
    lockprof_flush();
    return finish();
}
