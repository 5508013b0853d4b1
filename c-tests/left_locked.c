// The program ends while one of its threads holds a mutex, for 50 ms by then, and main has released another.
#include "testing.h"

static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t other_lock = PTHREAD_MUTEX_INITIALIZER;
static int held;

static FRAME void take_and_keep(void) {
    CHECK(pthread_mutex_lock(&kept_lock) == 0);
    announce(&held);
    pause();
}

static void *keeper(void *unused) {
    take_and_keep();
    return unused;
}

int main(void) {
    spawn("Keeper", keeper, NULL);
    await(&held, 1);
    CHECK(pthread_mutex_lock(&other_lock) == 0);
    CHECK(pthread_mutex_unlock(&other_lock) == 0);
    sleep_ms(50);
    return finish();
}
