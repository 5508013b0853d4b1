/* What one sampled acquisition costs, all in: stack, clocks, records of taking and releasing.
 *
 *     sampled DEPTH [BURSTS]
 *
 * Takes and releases a mutex at the end of DEPTH nested calls, in bursts short
 * enough for the queue, with pauses in which it is emptied. Run it with
 * LOCKPROF_SAMPLE=2 LOCKPROF_CPU_LIMIT=0: half of the pairs are sampled then.
 * Prints the median nanoseconds of a pair.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { PAIRS = 1000, BURSTS_MAX = 1000, PAUSE_US = 25000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static double burst_ns[BURSTS_MAX];

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

__attribute__((noinline)) static double burst(void)
{
    double begin = now_ns();
    for (int i = 0; i < PAIRS; i++) {
        pthread_mutex_lock(&lock);
        pthread_mutex_unlock(&lock);
    }
    return (now_ns() - begin) / PAIRS;
}

/* The work after the call keeps every frame on the stack. */
__attribute__((noinline)) static double nest(int depth)
{
    volatile double result = depth > 1 ? nest(depth - 1) : burst();
    return result;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void *idle(void *unused)
{
    return unused;
}

int main(int argc, char **argv)
{
    int depth = argc > 1 ? atoi(argv[1]) : 0;
    int bursts = argc > 2 ? atoi(argv[2]) : 100;
    if (depth < 1 || bursts < 1 || bursts > BURSTS_MAX) {
        fprintf(stderr, "sampled: usage: sampled DEPTH [BURSTS]\n");
        return 2;
    }
    pthread_t thread;
    if (pthread_create(&thread, NULL, idle, NULL) != 0 || pthread_join(thread, NULL) != 0) {
        fprintf(stderr, "sampled: no thread\n");
        return 2;
    }
    for (int i = 0; i < bursts; i++) {
        usleep(PAUSE_US);
        burst_ns[i] = nest(depth);
    }
    qsort(burst_ns, (size_t)bursts, sizeof burst_ns[0], by_size);
    printf("%.1f ns a pair\n", burst_ns[bursts / 2]);
    return 0;
}
