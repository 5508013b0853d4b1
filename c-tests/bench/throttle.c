/* How much of a thread's time sampling takes while its lock rate goes up and down a thousandfold.
 *
 *     throttle [SECONDS]
 *
 * Phases of SECONDS each, slow, fast, slow, fast. Every pair is timed; of one that
 * handed in records, all that a pair without does not take is sampling. Prints the
 * worst share of any 100 ms and the mean share of the fast phases, in per cent,
 * then the sampled pairs, and those left out because the system interrupted them.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <x86intrin.h>

#include "measure.h"

enum {
    SAMPLES_MAX = 4000000,
    PHASES = 4,
    SLOW_NS = 30000,
    WINDOW_NS = 100000000,
    /* No sample takes so long, but being interrupted does. */
    INTERRUPTED_NS = 20000,
    TYPICAL = 100001
};

struct sample {
    double at_ns;
    double spent_ns;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sample samples[SAMPLES_MAX];
static long samples_len, interrupted;
static double usual[TYPICAL];
static measure_count *records;
static double tick_ns, usual_ticks;

static void *idle(void *unused)
{
    return unused;
}

static uint64_t ticks(void)
{
    unsigned core;
    return __rdtscp(&core);
}

/* One pair; how many ticks it took. */
static double pair_ticks(void)
{
    uint64_t begin = ticks();
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
    return (double)(ticks() - begin);
}

static void measure_clock(void)
{
    double begin = now_ns();
    uint64_t first = ticks();
    while (now_ns() < begin + 50e6)
        ;
    tick_ns = (now_ns() - begin) / (double)(ticks() - first);
    for (int i = 0; i < TYPICAL; i++)
        usual[i] = pair_ticks();
    usual_ticks = median(usual, TYPICAL);
}

/* Pairs for so long: one after the other, or spaced. */
static void phase(double end_ns, int is_slow)
{
    uint64_t end = ticks() + (uint64_t)((end_ns - now_ns()) / tick_ns);
    uint64_t due = ticks();
    uint32_t before = records();
    while (ticks() < end) {
        if (is_slow) {
            due += (uint64_t)(SLOW_NS / tick_ns);
            while (ticks() < due)
                ;
        }
        double spent_ns = (pair_ticks() - usual_ticks) * tick_ns;
        uint32_t after = records();
        if (after == before)
            continue;
        before = after;
        if (spent_ns > INTERRUPTED_NS || samples_len == SAMPLES_MAX)
            interrupted++;
        else
            samples[samples_len++] = (struct sample){ (double)ticks() * tick_ns, spent_ns };
    }
}

/* The largest share of any window that ends with a sample. */
static double worst_share(void)
{
    double inside = 0, worst = 0;
    for (long first = 0, last = 0; last < samples_len; last++) {
        inside += samples[last].spent_ns;
        for (; samples[first].at_ns < samples[last].at_ns - WINDOW_NS; first++)
            inside -= samples[first].spent_ns;
        if (inside > worst)
            worst = inside;
    }
    return worst / WINDOW_NS;
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? (double)number(argv[1], 1, "throttle: usage: throttle [SECONDS]") : 1;
    records = (measure_count *)measuring("lockprof_measure_records");
    pthread_t thread;
    if (pthread_create(&thread, NULL, idle, NULL) != 0 || pthread_join(thread, NULL) != 0)
        stop("throttle: no thread");
    measure_clock();

    double fast_ns = 0, begin = now_ns();
    phase(begin + seconds * 1e9, 1);
    samples_len = 0;
    begin = now_ns();
    for (int i = 0; i < PHASES; i++) {
        long first = samples_len;
        phase(begin + (i + 1) * seconds * 1e9, i % 2 == 0);
        for (long sample = first; i % 2 == 1 && sample < samples_len; sample++)
            fast_ns += samples[sample].spent_ns;
    }
    if (samples_len == 0)
        stop("throttle: nothing was sampled");
    double mean = fast_ns / (PHASES / 2.0 * seconds * 1e9);
    printf("%.3f %.3f %ld %ld\n", worst_share() * 100, mean * 100, samples_len, interrupted);
    return 0;
}
