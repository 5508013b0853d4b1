/* One uncontended lock and unlock, repeated: what scripts/instructions counts.
 *
 *     pair normal|recursive|errorcheck N
 *
 * The loop is the function `pairs` and nothing else, so that
 * `callgrind --toggle-collect=pairs` counts it alone, and the instructions of
 * one pair are (total(N2) - total(N1)) / (N2 - N1). Prints the nanoseconds of
 * one pair too, the median of batches, so that an interruption does not count;
 * they mean something only outside callgrind.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <string.h>

#include "bench.h"

enum { BATCHES = 20 };

static pthread_mutex_t pair_lock;

static int mutex_type(const char *name)
{
    if (strcmp(name, "normal") == 0)
        return PTHREAD_MUTEX_NORMAL;
    if (strcmp(name, "recursive") == 0)
        return PTHREAD_MUTEX_RECURSIVE;
    if (strcmp(name, "errorcheck") == 0)
        return PTHREAD_MUTEX_ERRORCHECK;
    stop("pair: the type is normal, recursive or errorcheck");
}

static void *end_at_once(void *unused)
{
    return unused;
}

/* glibc takes shortcuts in a process that never had a second thread. */
static void become_multi_threaded(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, end_at_once, NULL) != 0)
        stop("pair: no thread could be started");
    pthread_join(thread, NULL);
}

/* Not inlined: callgrind finds it by name. No result is looked at: a mistake
 * here would be in every number, so main checks one pair beforehand. */
__attribute__((noinline)) static void pairs(long n)
{
    for (long i = 0; i < n; i++) {
        pthread_mutex_lock(&pair_lock);
        pthread_mutex_unlock(&pair_lock);
    }
}

int main(int argc, char **argv)
{
    static const char usage[] = "pair: usage: pair normal|recursive|errorcheck N";
    if (argc != 3)
        stop(usage);
    long n = number(argv[2], BATCHES, usage);

    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, mutex_type(argv[1]));
    if (pthread_mutex_init(&pair_lock, &attributes) != 0)
        stop("pair: the mutex could not be made");
    become_multi_threaded();
    if (pthread_mutex_lock(&pair_lock) != 0 || pthread_mutex_unlock(&pair_lock) != 0)
        stop("pair: the mutex does not work");

    double taken[BATCHES];
    for (int i = 0; i < BATCHES; i++) {
        double begin = now_ns();
        pairs(n / BATCHES);
        taken[i] = (now_ns() - begin) / (double)(n / BATCHES);
    }
    printf("%.2f ns a pair\n", median(taken, BATCHES));
    return 0;
}
