// The C API: a lock gets a name, profiling stops and starts, a profile is written on demand.
#include "testing.h"
#include <lockprof.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static FRAME void take_named(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static FRAME void take_unseen(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

int main(void) {
    lockprof_name_lock(&lock, "accounts");
    for (int i = 0; i < 10; i++)
        take_named();
    truth("flushed", lockprof_flush());
    truth("stopped", lockprof_stop());
    for (int i = 0; i < 10; i++)
        take_unseen();
    truth("started", lockprof_start());
    for (int i = 0; i < 10; i++)
        take_named();
    return finish();
}
