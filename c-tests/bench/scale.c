/* Many threads, mutexes and stacks: does the cost of a pair or our memory grow with them?
 *
 *     scale THREADS MUTEXES STACKS MILLISECONDS
 *
 * Each thread takes and releases mutexes chosen by chance, each at one of STACKS
 * different stacks. Prints nanoseconds of processor time per pair, and the
 * largest resident size of the process in KiB.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "ways.h"

enum { THREADS_MAX = 1024, LEVELS = 17 };

static pthread_mutex_t *mutexes;
static unsigned mutexes_len;
static unsigned stacks;
static int milliseconds;
static long pairs[THREADS_MAX];

static double clock_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void *work(void *number)
{
    uint64_t chance = (uintptr_t)number * 0x9E3779B97F4A7C15u + 1;
    double end = clock_ns(CLOCK_MONOTONIC) + milliseconds * 1e6;
    long done = 0;
    while (clock_ns(CLOCK_MONOTONIC) < end)
        for (int i = 0; i < 100; i++, done++) {
            chance ^= chance << 13;
            chance ^= chance >> 7;
            chance ^= chance << 17;
            down(&mutexes[(chance >> 32) % mutexes_len], LEVELS, (unsigned)chance % stacks);
        }
    pairs[(uintptr_t)number] = done;
    return NULL;
}

int main(int argc, char **argv)
{
    int threads_len = argc > 4 ? atoi(argv[1]) : 0;
    if (threads_len < 1 || threads_len > THREADS_MAX) {
        fprintf(stderr, "scale: usage: scale THREADS MUTEXES STACKS MILLISECONDS\n");
        return 2;
    }
    mutexes_len = (unsigned)atoi(argv[2]);
    stacks = (unsigned)atoi(argv[3]);
    milliseconds = atoi(argv[4]);
    mutexes = calloc(mutexes_len, sizeof *mutexes);
    pthread_t threads[THREADS_MAX];
    for (unsigned i = 0; i < mutexes_len; i++)
        pthread_mutex_init(&mutexes[i], NULL);
    double begin = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < threads_len; i++)
        if (pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)i) != 0)
            return 2;
    long done = 0;
    for (int i = 0; i < threads_len; i++) {
        pthread_join(threads[i], NULL);
        done += pairs[i];
    }
    double used = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%.1f ns a pair, %ld KiB\n", used / (double)done, usage.ru_maxrss);
    return 0;
}
