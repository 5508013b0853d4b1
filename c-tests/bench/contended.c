/* Threads that fight for one mutex: what a section that is waited for costs.
 *
 *     contended THREADS SECTION_NS OUTSIDE_NS MILLISECONDS [STEPS_PER_NS]
 *     contended calibrate
 *
 * Each thread works SECTION_NS inside the lock and OUTSIDE_NS outside, again
 * and again. Prints the operations per second of all threads together and the
 * fewest and most that one thread did: `OPS ops/s, MIN..MAX a thread`. How many
 * steps of work a nanosecond has is measured; runs that are to be compared are
 * given one figure, which `calibrate` prints.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "bench.h"

enum { MAX_THREADS = 256, CACHE_LINE = 64 };

struct worker {
    pthread_t thread;
    long operations;
    /* Keeps two threads' counters out of one cache line. */
    char padding[CACHE_LINE];
};

static pthread_mutex_t contended_lock = PTHREAD_MUTEX_INITIALIZER;
static struct worker workers[MAX_THREADS];
static long section_steps;
static long outside_steps;
static atomic_int stopping;
static atomic_int starting;

/* Work that takes the same time whenever it is done; a clock would not. */
__attribute__((noinline)) static void work(long steps)
{
    for (long i = 0; i < steps; i++)
        __asm__ volatile("" ::: "memory");
}

/* Steps of `work` in a nanosecond: the best of a few tries, so the one that
 * was not interrupted. */
static double steps_per_ns(void)
{
    const long steps = 2000000;
    double best = 0;
    for (int attempt = 0; attempt < 7; attempt++) {
        double begin = now_ns();
        work(steps);
        double rate = (double)steps / (now_ns() - begin);
        if (rate > best)
            best = rate;
    }
    return best;
}

static void *fight(void *argument)
{
    struct worker *self = argument;
    while (!atomic_load_explicit(&starting, memory_order_acquire))
        ;
    while (!atomic_load_explicit(&stopping, memory_order_relaxed)) {
        pthread_mutex_lock(&contended_lock);
        work(section_steps);
        pthread_mutex_unlock(&contended_lock);
        work(outside_steps);
        self->operations++;
    }
    return NULL;
}

static void report(long threads, double seconds)
{
    long total = 0;
    long fewest = workers[0].operations;
    long most = fewest;
    for (long i = 0; i < threads; i++) {
        long own = workers[i].operations;
        total += own;
        fewest = own < fewest ? own : fewest;
        most = own > most ? own : most;
    }
    printf("%.0f ops/s, %ld..%ld a thread\n", (double)total / seconds, fewest, most);
}

int main(int argc, char **argv)
{
    static const char usage[] =
        "contended: usage: contended THREADS SECTION_NS OUTSIDE_NS MILLISECONDS [STEPS_PER_NS]";
    if (argc == 2 && strcmp(argv[1], "calibrate") == 0) {
        printf("%.4f\n", steps_per_ns());
        return 0;
    }
    if (argc != 5 && argc != 6)
        stop(usage);
    long threads = number(argv[1], 1, usage);
    double rate = argc == 6 ? atof(argv[5]) : steps_per_ns();
    section_steps = (long)((double)number(argv[2], 0, usage) * rate);
    outside_steps = (long)((double)number(argv[3], 0, usage) * rate);
    long milliseconds = number(argv[4], 1, usage);
    if (threads > MAX_THREADS || rate <= 0)
        stop(usage);

    for (long i = 0; i < threads; i++)
        if (pthread_create(&workers[i].thread, NULL, fight, &workers[i]) != 0)
            stop("contended: a thread could not be started");
    double begin = now_ns();
    atomic_store_explicit(&starting, 1, memory_order_release);
    struct timespec run = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&run, NULL);
    atomic_store_explicit(&stopping, 1, memory_order_relaxed);
    for (long i = 0; i < threads; i++)
        pthread_join(workers[i].thread, NULL);
    report(threads, (now_ns() - begin) / 1e9);
    return 0;
}
