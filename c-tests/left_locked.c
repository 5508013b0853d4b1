// The program ends while two of its threads hold a mutex each, for 50 ms by then: one took it, one has it from a wait on a condition.
#include "testing.h"

static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t waited_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int held, waiting, woken;

static FRAME void take_and_keep(void) {
    CHECK(pthread_mutex_lock(&kept_lock) == 0);
    announce(&held);
    pause();
}

static void *keeper(void *unused) {
    take_and_keep();
    return unused;
}

static FRAME void wake_and_keep(void) {
    CHECK(pthread_mutex_lock(&waited_lock) == 0);
    announce(&waiting);
    while (!woken)
        CHECK(pthread_cond_wait(&condition, &waited_lock) == 0);
    announce(&held);
    pause();
}

static void *sleeper(void *unused) {
    wake_and_keep();
    return unused;
}

int main(void) {
    spawn("Keeper", keeper, NULL);
    spawn("Sleeper", sleeper, NULL);
    await(&waiting, 1);
    CHECK(pthread_mutex_lock(&waited_lock) == 0);
    woken = 1;
    CHECK(pthread_cond_signal(&condition) == 0);
    CHECK(pthread_mutex_unlock(&waited_lock) == 0);
    await(&held, 2);
    sleep_ms(50);
    return finish();
}
