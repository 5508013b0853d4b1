// Threads fight over a lock, and two wait for one that is kept, until a file `stop` appears; tells how far they are.
#include "testing.h"

static pthread_mutex_t fought_for = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t kept = PTHREAD_MUTEX_INITIALIZER;
static long long taken;
static int stop, is_kept;

static FRAME void fight(void) {
    CHECK(pthread_mutex_lock(&fought_for) == 0);
    taken++;
    spin_ns(20000);
    CHECK(pthread_mutex_unlock(&fought_for) == 0);
}

static void *fighter(void *unused) {
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
        fight();
        sleep_ns(20000);
    }
    return unused;
}

static FRAME void keep(void) {
    CHECK(pthread_mutex_lock(&kept) == 0);
    announce(&is_kept);
    await(&stop, 1);
    CHECK(pthread_mutex_unlock(&kept) == 0);
}

static void *keeper(void *unused) {
    keep();
    return unused;
}

static FRAME void wait_for_kept(void) {
    CHECK(pthread_mutex_lock(&kept) == 0);
    CHECK(pthread_mutex_unlock(&kept) == 0);
}

static void *waiter(void *unused) {
    wait_for_kept();
    return unused;
}

int main(void) {
    pthread_t threads[6];
    threads[0] = spawn("Keeper", keeper, NULL);
    await(&is_kept, 1);
    for (int i = 1; i < 3; i++)
        threads[i] = spawn("Waiter", waiter, NULL);
    for (int i = 3; i < 6; i++)
        threads[i] = spawn("Fighter", fighter, NULL);
    // A test that is interrupted must not leave this behind.
    for (int i = 0; i < 6000 && access("stop", F_OK) != 0; i++) {
        sleep_ms(10);
        CHECK(pthread_mutex_lock(&fought_for) == 0);
        long long so_far = ++taken;
        CHECK(pthread_mutex_unlock(&fought_for) == 0);
        truth("so_far", so_far);
    }
    announce(&stop);
    for (int i = 0; i < 6; i++)
        join(threads[i]);
    truth("taken", taken);
    return finish();
}
