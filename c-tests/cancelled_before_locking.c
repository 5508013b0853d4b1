// A thread whose cancellation is pending takes mutexes, deep in its stack and often: taking one is no place to be cancelled.
#include "testing.h"

#define DEEP (64 * 1024)
#define OFTEN 30000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int taken;

static FRAME void take_once(void) {
    CHECK(pthread_mutex_lock(&mutex) == 0);
    taken++;
    CHECK(pthread_mutex_unlock(&mutex) == 0);
}

// Further from the end of the stack than its first pages.
static FRAME void take_deep_down(void) {
    volatile char room[DEEP];
    memset((char *)room, 1, sizeof room);
    take_once();
    room[0]++;
}

static void *body(void *unused) {
    (void)unused;
    CHECK(pthread_cancel(pthread_self()) == 0);
    take_deep_down();
    for (int i = 0; i < OFTEN; i++)
        take_once();
    pthread_testcancel();
    return NULL;
}

int main(void) {
    pthread_t thread = spawn("Cancelled", body, NULL);
    void *result;
    CHECK(pthread_join(thread, &result) == 0);
    CHECK(result == PTHREAD_CANCELED);
    CHECK(taken == OFTEN + 1);
    return finish();
}
