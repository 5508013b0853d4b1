// The C API in a program that was started with profiling switched off; and what it does with nonsense.
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

static void *work(void *unused) {
    for (int i = 0; i < 10; i++)
        take_after();
    return unused;
}

int main(void) {
    for (int i = 0; i < 10; i++)
        take_before();
    errno = 1234;
    truth("started", lockprof_start());
    truth("nameless", lockprof_name_lock(&lock, NULL));
    truth("lockless", lockprof_name_lock(NULL, "nothing"));
    errno = 1234;
    (void)lockprof_start();
    (void)lockprof_stop();
    (void)lockprof_start();
    (void)lockprof_name_lock(&lock, "late");
    (void)lockprof_flush();
    CHECK(errno == 1234);
    work(NULL);
    join(spawn("Late", work, NULL));
    truth("flushed", lockprof_flush());
    return finish();
}
