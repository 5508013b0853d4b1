// Four threads fight for a mutex in sections of half a microsecond and more: who holds it is nearly always known.
#include "testing.h"

enum { THREADS = 4, ROUNDS = 20000 };

static pthread_mutex_t short_lock = PTHREAD_MUTEX_INITIALIZER;
static int arrived;

static FRAME void short_section(void) {
    CHECK(pthread_mutex_lock(&short_lock) == 0);
    spin_ns(500);
    CHECK(pthread_mutex_unlock(&short_lock) == 0);
}

static void *work(void *unused) {
    meet(&arrived, THREADS);
    for (int i = 0; i < ROUNDS; i++)
        short_section();
    return unused;
}

int main(void) {
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        threads[i] = spawn("Fighter", work, NULL);
    for (int i = 0; i < THREADS; i++)
        join(threads[i]);
    return finish();
}
