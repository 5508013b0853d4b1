/* Threads that hand items over with a mutex and conditions: what a wait in one, and the signal that ends it, cost.
 *
 *     handover PAIRS ROOM WORK_STEPS MILLISECONDS
 *
 * PAIRS producers and as many consumers share a queue with ROOM places; each works WORK_STEPS
 * outside the lock for each item. With one place every item is a sleep and a wake-up on both
 * sides. Prints the items handed over per second: `ITEMS items/s`.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>

#include "bench.h"

enum { MAX_PAIRS = 64 };

static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_full = PTHREAD_COND_INITIALIZER;
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER;
static long room, filled, handed_over, work_steps;
static int stopping;

__attribute__((noinline)) static void work(void)
{
    for (long i = 0; i < work_steps; i++)
        __asm__ volatile("" ::: "memory");
}

/* Waits until the queue has another length than `unfit`; says whether to go on. */
static int await_fit(pthread_cond_t *condition, long unfit)
{
    while (filled == unfit && !stopping)
        pthread_cond_wait(condition, &queue_lock);
    return !stopping;
}

static void *produce(void *unused)
{
    for (int go_on = 1; go_on;) {
        work();
        pthread_mutex_lock(&queue_lock);
        go_on = await_fit(&not_full, room);
        filled += go_on;
        pthread_cond_signal(&not_empty);
        pthread_mutex_unlock(&queue_lock);
    }
    return unused;
}

static void *consume(void *unused)
{
    for (int go_on = 1; go_on;) {
        pthread_mutex_lock(&queue_lock);
        go_on = await_fit(&not_empty, 0);
        filled -= go_on;
        handed_over += go_on;
        pthread_cond_signal(&not_full);
        pthread_mutex_unlock(&queue_lock);
        work();
    }
    return unused;
}

static void stop_all(void)
{
    pthread_mutex_lock(&queue_lock);
    stopping = 1;
    pthread_cond_broadcast(&not_full);
    pthread_cond_broadcast(&not_empty);
    pthread_mutex_unlock(&queue_lock);
}

int main(int argc, char **argv)
{
    static const char usage[] = "handover: usage: handover PAIRS ROOM WORK_STEPS MILLISECONDS";
    if (argc != 5)
        stop(usage);
    long pairs = number(argv[1], 1, usage);
    room = number(argv[2], 1, usage);
    work_steps = number(argv[3], 0, usage);
    long milliseconds = number(argv[4], 1, usage);
    if (pairs > MAX_PAIRS)
        stop(usage);

    pthread_t threads[2 * MAX_PAIRS];
    double begin = now_ns();
    for (long i = 0; i < 2 * pairs; i++)
        if (pthread_create(&threads[i], NULL, i % 2 ? consume : produce, NULL) != 0)
            stop("handover: a thread could not be started");
    struct timespec run = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&run, NULL);
    stop_all();
    for (long i = 0; i < 2 * pairs; i++)
        pthread_join(threads[i], NULL);
    printf("%.0f items/s\n", (double)handed_over / ((now_ns() - begin) / 1e9));
    return 0;
}
