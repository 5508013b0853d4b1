// A program that stops profiling long before it ends, and goes on locking.
#include "testing.h"
#include <lockprof.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static FRAME void take_before(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static FRAME void take_after(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

int main(void) {
    (void)lockprof_start();
    for (int i = 0; i < 10; i++)
        take_before();
    (void)lockprof_stop();
    for (int i = 0; i < 10; i++)
        take_after();
    return finish();
}
