// A library that locks, waits and starts a thread in its constructor, and locks in its destructor.
#include "testing.h"

static pthread_mutex_t library_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;

void early_library_take(void);

FRAME void early_library_take(void) {
    CHECK(pthread_mutex_lock(&library_lock) == 0);
    CHECK(pthread_mutex_unlock(&library_lock) == 0);
}

static void *work(void *unused) {
    early_library_take();
    return unused;
}

__attribute__((constructor)) static void before_everything(void) {
    early_library_take();
    CHECK(pthread_mutex_lock(&library_lock) == 0);
    struct timespec past = {0, 0};
    CHECK(pthread_cond_timedwait(&condition, &library_lock, &past) == ETIMEDOUT);
    CHECK(pthread_mutex_unlock(&library_lock) == 0);
    join(spawn("Early", work, NULL));
}

__attribute__((destructor)) static void after_everything(void) {
    early_library_take();
    puts("library destroyed");
}
