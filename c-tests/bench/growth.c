/* How much a contended critical section grows, timed from inside.
 *
 *     growth HOLD_US ROUNDS
 *
 * A holder keeps a mutex for HOLD_US while a waiter waits for it. Measured is what
 * the waiter's critical section has in it besides the waiter's own work: from the
 * return of the real lock to the return to the waiter, and from its unlock to the
 * real one. Needs stamps.c as the last preload. Prints the mean of that and the
 * mean wait, in nanoseconds, and how many rounds were left out because the system
 * interrupted them there.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>

#include "bench.h"

/* Nothing of ours takes so long, but being interrupted does. */
enum { INTERRUPTED_NS = 20000 };

__attribute__((weak)) double stamp_lock_returned(void);
__attribute__((weak)) double stamp_unlock_asked(void);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static double hold_ns;
static long rounds, interrupted;
static double added_ns, waited_ns;
static atomic_long taken, asked, round_done;

static void *hold(void *unused)
{
    for (long i = 1; i <= rounds; i++) {
        pthread_mutex_lock(&lock);
        atomic_store(&taken, i);
        while (atomic_load(&asked) < i)
            ;
        double until = now_ns() + hold_ns;
        while (now_ns() < until)
            ;
        pthread_mutex_unlock(&lock);
        while (atomic_load(&round_done) < i)
            ;
    }
    return unused;
}

/* One round of the waiter. */
static void wait_once(long round)
{
    while (atomic_load(&taken) < round)
        ;
    double begin = now_ns();
    atomic_store(&asked, round);
    pthread_mutex_lock(&lock);
    double end = now_ns();
    double leaving = now_ns();
    pthread_mutex_unlock(&lock);
    double added = end - stamp_lock_returned() + stamp_unlock_asked() - leaving;
    if (added > INTERRUPTED_NS) {
        interrupted++;
        return;
    }
    added_ns += added;
    waited_ns += end - begin;
}

static void *wait_for_it(void *unused)
{
    for (long i = 1; i <= rounds; i++) {
        wait_once(i);
        atomic_store(&round_done, i);
    }
    return unused;
}

int main(int argc, char **argv)
{
    static const char usage[] = "growth: usage: growth HOLD_US ROUNDS";
    if (argc != 3)
        stop(usage);
    hold_ns = (double)number(argv[1], 1, usage) * 1e3;
    rounds = number(argv[2], 1, usage);
    if (stamp_lock_returned == NULL || stamp_unlock_asked == NULL)
        stop("growth: preload stamps.c, as the last one");
    pthread_t holder, waiter;
    if (pthread_create(&holder, NULL, hold, NULL) != 0 ||
        pthread_create(&waiter, NULL, wait_for_it, NULL) != 0)
        stop("growth: a thread could not be started");
    pthread_join(holder, NULL);
    pthread_join(waiter, NULL);
    double counted = (double)(rounds - interrupted);
    if (counted < (double)rounds / 2)
        stop("growth: interrupted in more than half of the rounds");
    printf("%.1f %.1f %ld\n", added_ns / counted, waited_ns / counted, interrupted);
    return 0;
}
