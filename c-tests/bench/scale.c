/* Many threads, mutexes and stacks: does the cost of a pair or our memory grow with them?
 *
 *     scale THREADS MUTEXES STACKS MILLISECONDS
 *
 * Each thread takes and releases mutexes chosen by chance, each at one of STACKS
 * different stacks; with 0 threads the program's only one does. Prints nanoseconds
 * of processor time per pair, and the largest resident size of the process in KiB,
 * before a profile has been written and after.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "../../include/lockprof.h"
#include "bench.h"
#include "ways.h"

enum { THREADS_MAX = 1024, LEVELS = 17 };

static pthread_mutex_t *mutexes;
static unsigned long mutexes_len, stacks;
static double run_ns;
static long pairs[THREADS_MAX];

static void *work(void *thread)
{
    unsigned long chance = (uintptr_t)thread * 0x9E3779B97F4A7C15u + 1;
    double end = now_ns() + run_ns;
    long done = 0;
    while (now_ns() < end)
        for (int i = 0; i < 100; i++, done++) {
            unsigned long drawn = next_random(&chance);
            down(&mutexes[(drawn >> 32) % mutexes_len], LEVELS, (unsigned)((drawn & 0xffffffff) % stacks));
        }
    pairs[(uintptr_t)thread] = done;
    return NULL;
}

/* Pairs that so many threads do, or the calling one. */
static long run(long threads_len)
{
    pthread_t threads[THREADS_MAX];
    if (threads_len == 0)
        work(NULL);
    for (long i = 0; i < threads_len; i++)
        if (pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)i) != 0)
            stop("scale: a thread could not be started");
    for (long i = 0; i < threads_len; i++)
        pthread_join(threads[i], NULL);
    long done = 0;
    for (long i = 0; i <= threads_len && i < THREADS_MAX; i++)
        done += pairs[i];
    return done;
}

/* The largest resident size so far. Not getrusage's, which begins with that of the
 * shell that started us. */
static long largest_kib(void)
{
    char line[200];
    long kib = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0)
            kib = strtol(line + 6, NULL, 10);
    if (status != NULL)
        fclose(status);
    return kib;
}

int main(int argc, char **argv)
{
    static const char usage[] = "scale: usage: scale THREADS MUTEXES STACKS MILLISECONDS";
    if (argc != 5)
        stop(usage);
    long threads_len = number(argv[1], 0, usage);
    mutexes_len = (unsigned long)number(argv[2], 1, usage);
    stacks = (unsigned long)number(argv[3], 1, usage);
    run_ns = (double)number(argv[4], 1, usage) * 1e6;
    mutexes = calloc(mutexes_len, sizeof *mutexes);
    if (threads_len > THREADS_MAX || mutexes == NULL)
        stop(usage);
    for (unsigned long i = 0; i < mutexes_len; i++)
        pthread_mutex_init(&mutexes[i], NULL);

    double begin = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    long done = run(threads_len);
    double used = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin;
    long before = largest_kib();
    lockprof_flush();
    printf("%.2f %ld %ld\n", used / (double)done, before, largest_kib());
    return 0;
}
