// A spin lock: exact numbers, a failed attempt, and a wait of known length.
#include "testing.h"

enum { THREADS = 3, ROUNDS = 100 };

static pthread_spinlock_t shared_spin;
static int arrived, held;
static int counter;

static FRAME void spin_once(void) {
    CHECK(pthread_spin_lock(&shared_spin) == 0);
    counter++;
    CHECK(pthread_spin_unlock(&shared_spin) == 0);
}

static FRAME int try_busy(void) { return pthread_spin_trylock(&shared_spin); }

static FRAME void hold_long(void) {
    CHECK(pthread_spin_trylock(&shared_spin) == 0);
    long long begin = now_ns();
    announce(&held);
    sleep_ms(20);
    long long end = now_ns();
    CHECK(pthread_spin_unlock(&shared_spin) == 0);
    truth("held_ns", end - begin);
}

static FRAME void wait_long(void) {
    long long begin = now_ns();
    CHECK(pthread_spin_lock(&shared_spin) == 0);
    long long end = now_ns();
    CHECK(pthread_spin_unlock(&shared_spin) == 0);
    truth("waited_ns", end - begin);
}

static void *worker(void *unused) {
    meet(&arrived, THREADS);
    for (int i = 0; i < ROUNDS; i++)
        spin_once();
    return unused;
}

static void *waiter(void *unused) {
    await(&held, 1);
    printf("busy %d\n", try_busy());
    wait_long();
    return unused;
}

int main(void) {
    CHECK(pthread_spin_init(&shared_spin, PTHREAD_PROCESS_PRIVATE) == 0);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        threads[i] = spawn("Worker", worker, NULL);
    for (int i = 0; i < THREADS; i++)
        join(threads[i]);
    pthread_t thread = spawn("Waiter", waiter, NULL);
    hold_long();
    join(thread);
    CHECK(pthread_spin_destroy(&shared_spin) == 0);
    printf("counted %d\n", counter);
    return finish();
}
