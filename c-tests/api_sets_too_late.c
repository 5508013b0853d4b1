// A program that sets options in its own code when it has another thread already.
#include "testing.h"
#include <lockprof.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int holding;
static int over;

static FRAME void take_after(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

// Long enough to be waited for, so that there is a profile.
static FRAME void take_long(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    announce(&holding);
    sleep_ms(100);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static void *hold_and_stay(void *unused) {
    take_long();
    await(&over, 1);
    return unused;
}

int main(void) {
    pthread_t other = spawn("Other", hold_and_stay, NULL);
    await(&holding, 1);
    // The wait of these two is kept by its length.
    take_long();
    CHECK(setenv("LOCKPROF_SAMPLE", "1", 1) == 0);
    truth("started", lockprof_start());
    for (int i = 0; i < 100; i++)
        take_after();
    announce(&over);
    join(other);
    return finish();
}
