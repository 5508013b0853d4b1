/* How much a contended critical section grows, timed from inside.
 *
 *     growth HOLD_US ROUNDS
 *
 * A holder keeps a mutex for HOLD_US while a waiter waits for it. Measured is
 * the time from just before the holder's unlock to just after the waiter's
 * lock: what the system takes to hand the lock over, and whatever is done on
 * the way with the lock held. Prints the median hand-over and the median wait,
 * in nanoseconds.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS_MAX = 100000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static double hold_ns;
static int rounds;
static double hand_over[ROUNDS_MAX], waited[ROUNDS_MAX];
static _Atomic double unlocked_at;
static atomic_int taken, asked, round_done;

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void *hold(void *unused)
{
    for (int i = 1; i <= rounds; i++) {
        pthread_mutex_lock(&lock);
        atomic_store(&taken, i);
        while (atomic_load(&asked) < i)
            ;
        double until = now_ns() + hold_ns;
        while (now_ns() < until)
            ;
        atomic_store(&unlocked_at, now_ns());
        pthread_mutex_unlock(&lock);
        while (atomic_load(&round_done) < i)
            ;
    }
    return unused;
}

static void *wait_for_it(void *unused)
{
    for (int i = 1; i <= rounds; i++) {
        while (atomic_load(&taken) < i)
            ;
        double begin = now_ns();
        atomic_store(&asked, i);
        pthread_mutex_lock(&lock);
        double end = now_ns();
        hand_over[i - 1] = end - atomic_load(&unlocked_at);
        waited[i - 1] = end - begin;
        pthread_mutex_unlock(&lock);
        atomic_store(&round_done, i);
    }
    return unused;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    hold_ns = argc > 2 ? atof(argv[1]) * 1e3 : 0;
    rounds = argc > 2 ? atoi(argv[2]) : 0;
    if (hold_ns <= 0 || rounds < 1 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "growth: usage: growth HOLD_US ROUNDS\n");
        return 2;
    }
    pthread_t holder, waiter;
    if (pthread_create(&holder, NULL, hold, NULL) != 0 ||
        pthread_create(&waiter, NULL, wait_for_it, NULL) != 0)
        return 2;
    pthread_join(holder, NULL);
    pthread_join(waiter, NULL);
    qsort(hand_over, (size_t)rounds, sizeof hand_over[0], by_size);
    qsort(waited, (size_t)rounds, sizeof waited[0], by_size);
    printf("%.0f %.0f\n", hand_over[rounds / 2], waited[rounds / 2]);
    return 0;
}
