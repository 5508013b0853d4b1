// Threads queue for a lock that each of them holds only shortly; whether that was a convoy says the program's own clock.
#include "../testing.h"

#include <sched.h>
#include <sys/prctl.h>

enum { THREADS = 24, ROUNDS = 50, DRAWS = THREADS * ROUNDS };

static pthread_mutex_t queued_for = PTHREAD_MUTEX_INITIALIZER;
static int arrived;
static long long waited_ns[DRAWS], held_ns[DRAWS];

// Where the lock is let go of has no symbol: it is inlined.
static inline __attribute__((always_inline)) void let_the_next_draw(void) {
    CHECK(pthread_mutex_unlock(&queued_for) == 0);
}

// Sleeps with the lock, which needs no processor, and then is not the next to take it.
static FRAME void draw(int number) {
    long long asked = now_ns();
    CHECK(pthread_mutex_lock(&queued_for) == 0);
    long long taken = now_ns();
    sleep_ns(35000);
    held_ns[number] = now_ns() - taken;
    let_the_next_draw();
    waited_ns[number] = taken - asked;
    sleep_ns(20000);
}

static void *draws(void *raw) {
    CHECK(prctl(PR_SET_TIMERSLACK, 1UL) == 0);
    meet(&arrived, THREADS);
    for (int i = 0; i < ROUNDS; i++)
        draw((int)(long)raw * ROUNDS + i);
    return NULL;
}

// A busy machine keeps holders from their processor: then it was none. By a margin, it
// was one if holds were short, the lock was in use, waits were much longer than holds,
// and no few long holds explain them.
static int was_convoy(long long spent) {
    long long waited = 0, held = 0, held_long = 0;
    for (int i = 0; i < DRAWS; i++) {
        waited += waited_ns[i];
        held += held_ns[i];
    }
    for (int i = 0; i < DRAWS; i++)
        if (held_ns[i] > waited / DRAWS / 2)
            held_long += held_ns[i];
    return held / DRAWS < 80000 && held > spent * 6 / 10 && waited > 12 * held &&
           held_long < held / 20;
}

int main(void) {
    // Where that is allowed, a processor at once for whoever wakes up.
    struct sched_param first = {.sched_priority = 1};
    sched_setscheduler(0, SCHED_FIFO, &first);
    pthread_t threads[THREADS];
    long long begin = now_ns();
    for (long i = 0; i < THREADS; i++)
        threads[i] = spawn("Drawer", draws, (void *)i);
    for (int i = 0; i < THREADS; i++)
        join(threads[i]);
    truth("was_convoy", was_convoy(now_ns() - begin));
    return finish();
}
