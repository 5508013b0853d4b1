// A thread sleeps while it holds a lock that another waits for; the release, in another function, does not show it.
#include "testing.h"

static pthread_mutex_t slept_lock = PTHREAD_MUTEX_INITIALIZER;
static int over;

static FRAME void sleep_within(void) { sleep_ms(40); }

static FRAME void hold(void) {
    CHECK(pthread_mutex_lock(&slept_lock) == 0);
    sleep_within();
    CHECK(pthread_mutex_unlock(&slept_lock) == 0);
}

static void *waiter(void *unused) {
    while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
        CHECK(pthread_mutex_lock(&slept_lock) == 0);
        CHECK(pthread_mutex_unlock(&slept_lock) == 0);
        sleep_ms(1);
    }
    return unused;
}

int main(void) {
    pthread_t thread = spawn("Waiter", waiter, NULL);
    for (int i = 0; i < 30; i++)
        hold();
    __atomic_store_n(&over, 1, __ATOMIC_RELAXED);
    join(thread);
    return finish();
}
