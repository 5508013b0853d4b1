/* What a sample costs that finds the queue full, and whether it is counted with its weight.
 *
 *     dropped [ROUNDS]
 *
 * Run it with LOCKPROF_SAMPLE=2 LOCKPROF_CPU_LIMIT=0. Prints the median nanoseconds
 * of one declined record, those of a pair of which half are sampled and dropped,
 * and the records and events that were lost in all: the profile must say the same.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <unistd.h>

#include "measure.h"

/* Few enough that our thread does not get to empty the queue meanwhile; a round in
 * which it does is not counted. */
enum { DROPS = 1000, PAIRS = 100, ROUNDS_MAX = 10000, WEIGHT = 100, PAUSE_US = 1000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static double declined_ns[ROUNDS_MAX], pair_ns[ROUNDS_MAX];
static measure_times *drops;
static measure_lost *lost;
static measure_do *fill;

static void *idle(void *unused)
{
    return unused;
}

static uint64_t lost_records(void)
{
    uint64_t events;
    return lost(&events);
}

/* Nanoseconds of one declined record; 0 when one found room. */
static double decline(void)
{
    uint64_t events_before, events_after, declined;
    fill();
    uint64_t before = lost(&events_before);
    uint64_t spent = drops(DROPS, &declined);
    uint64_t after = lost(&events_after);
    if (after - before != declined || events_after - events_before != declined * WEIGHT)
        stop("dropped: what was dropped was not counted");
    return declined == DROPS ? (double)spent / DROPS : 0;
}

/* Nanoseconds of a pair while the queue is full; 0 when a record found room. */
static double pair(void)
{
    uint64_t declined;
    fill();
    uint64_t before = lost_records();
    double begin = now_ns();
    for (int i = 0; i < PAIRS; i++) {
        pthread_mutex_lock(&lock);
        pthread_mutex_unlock(&lock);
    }
    double spent = now_ns() - begin;
    uint64_t after = lost_records();
    drops(1, &declined);
    return declined == 1 && after > before ? spent / PAIRS : 0;
}

int main(int argc, char **argv)
{
    static const char usage[] = "dropped: usage: dropped [ROUNDS]";
    long rounds = argc > 1 ? number(argv[1], 1, usage) : 200;
    if (rounds > ROUNDS_MAX)
        stop(usage);
    drops = (measure_times *)measuring("lockprof_measure_drops");
    lost = (measure_lost *)measuring("lockprof_measure_lost");
    fill = (measure_do *)measuring("lockprof_measure_fill");
    pthread_t thread;
    if (pthread_create(&thread, NULL, idle, NULL) != 0 || pthread_join(thread, NULL) != 0)
        stop("dropped: no thread");
    /* Something for the profile to be about. */
    for (int i = 0; i < PAIRS; i++) {
        pthread_mutex_lock(&lock);
        pthread_mutex_unlock(&lock);
    }

    long declined_len = 0, pair_len = 0;
    for (long i = 0; i < rounds; i++) {
        usleep(PAUSE_US);
        declined_ns[declined_len] = decline();
        declined_len += declined_ns[declined_len] > 0;
        usleep(PAUSE_US);
        pair_ns[pair_len] = pair();
        pair_len += pair_ns[pair_len] > 0;
    }
    if (declined_len < rounds / 4 || pair_len < rounds / 4)
        stop("dropped: the queue did not stay full");
    uint64_t events, records = lost(&events);
    printf("%.2f %.1f %lu %lu\n", median(declined_ns, declined_len), median(pair_ns, pair_len), records, events);
    return 0;
}
