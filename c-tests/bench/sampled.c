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
#include <unistd.h>

#include "bench.h"

enum { PAIRS = 1000, BURSTS_MAX = 1000, PAUSE_US = 25000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static double burst_ns[BURSTS_MAX];

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

static void *idle(void *unused)
{
    return unused;
}

int main(int argc, char **argv)
{
    static const char usage[] = "sampled: usage: sampled DEPTH [BURSTS]";
    if (argc < 2)
        stop(usage);
    int depth = (int)number(argv[1], 1, usage);
    int bursts = argc > 2 ? (int)number(argv[2], 1, usage) : 100;
    if (bursts > BURSTS_MAX)
        stop(usage);
    pthread_t thread;
    if (pthread_create(&thread, NULL, idle, NULL) != 0 || pthread_join(thread, NULL) != 0)
        stop("sampled: no thread");
    for (int i = 0; i < bursts; i++) {
        usleep(PAUSE_US);
        burst_ns[i] = nest(depth);
    }
    printf("%.1f ns a pair\n", median(burst_ns, bursts));
    return 0;
}
