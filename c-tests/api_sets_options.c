// A program that sets options in its own code, after the library has read the environment.
#include "testing.h"
#include <lockprof.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;

static FRAME void take_after(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static FRAME void wait_for_lock(void) {
    CHECK(pthread_rwlock_wrlock(&rwlock) == 0);
    CHECK(pthread_rwlock_unlock(&rwlock) == 0);
}

static void *work(void *unused) {
    for (int i = 0; i < 10; i++) {
        take_after();
        wait_for_lock();
    }
    return unused;
}

int main(int argc, char **argv) {
    // Makes the library open what it writes to by the options it was started with.
    (void)lockprof_name_lock(&lock, "known before");
    (void)lockprof_flush();
    CHECK(setenv("LOCKPROF_SAMPLE", "1", 1) == 0);
    CHECK(setenv("LOCKPROF_LOCKS", "mutex", 1) == 0);
    CHECK(setenv("LOCKPROF_OUTPUT", "own-name.pb.gz", 1) == 0);
    if (argc > 1)
        CHECK(setenv("LOCKPROF_MAX_FRAMES", argv[1], 1) == 0);
    truth("started", lockprof_start());
    // Only once: what is said afterwards is not heard.
    CHECK(setenv("LOCKPROF_SAMPLE", "1000000000", 1) == 0);
    (void)lockprof_stop();
    (void)lockprof_start();
    work(NULL);
    join(spawn("Worker", work, NULL));
    return finish();
}
