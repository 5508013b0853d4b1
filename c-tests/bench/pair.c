/* One uncontended lock and unlock, repeated: what scripts/instructions counts.
 *
 *     pair KIND N
 *
 * The loop is one of the functions `pairs_…` and nothing else, so that
 * `callgrind --toggle-collect=pairs_*` counts it alone, and the instructions of
 * one pair are (total(N2) - total(N1)) / (N2 - N1). Prints the nanoseconds of
 * one pair too, the median of batches, so that an interruption does not count;
 * they mean something only outside callgrind.
 */
#define _GNU_SOURCE
#include <omp.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>

#include "bench.h"

enum { BATCHES = 20 };

static pthread_mutex_t mutex;
static pthread_rwlock_t rwlock;
static pthread_spinlock_t spin;
static sem_t semaphore;
static omp_lock_t omp_lock;
static omp_nest_lock_t omp_nest_lock;
/* What is done in a critical section, which the compiler must not leave out. */
static volatile long sections;

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

/* Not inlined: callgrind finds them by name. No result is looked at: a mistake
 * here would be in every number, so main checks one pair beforehand. */
#define PAIRS(kind, take, release)                            \
    __attribute__((noinline)) static void pairs_##kind(long n) \
    {                                                         \
        for (long i = 0; i < n; i++) {                        \
            take;                                             \
            release;                                          \
        }                                                     \
    }                                                         \
    static int works_##kind(void)                             \
    {                                                         \
        return (take) == 0 && (release) == 0;                 \
    }

PAIRS(mutex, pthread_mutex_lock(&mutex), pthread_mutex_unlock(&mutex))
PAIRS(read, pthread_rwlock_rdlock(&rwlock), pthread_rwlock_unlock(&rwlock))
PAIRS(write, pthread_rwlock_wrlock(&rwlock), pthread_rwlock_unlock(&rwlock))
PAIRS(spin, pthread_spin_lock(&spin), pthread_spin_unlock(&spin))
PAIRS(semaphore, sem_wait(&semaphore), sem_post(&semaphore))

/* OpenMP's calls answer nothing. */
PAIRS(omp, (omp_set_lock(&omp_lock), 0), (omp_unset_lock(&omp_lock), 0))
PAIRS(omp_nest, (omp_set_nest_lock(&omp_nest_lock), 0), (omp_unset_nest_lock(&omp_nest_lock), 0))

__attribute__((noinline)) static void pairs_critical(long n)
{
    for (long i = 0; i < n; i++) {
#pragma omp critical
        sections = i;
    }
}

static int works_critical(void)
{
    pairs_critical(2);
    return sections == 1;
}

static const struct kind {
    const char *name;
    int type;
    void (*pairs)(long);
    int (*works)(void);
} kinds[] = {
    {"normal", PTHREAD_MUTEX_NORMAL, pairs_mutex, works_mutex},
    {"recursive", PTHREAD_MUTEX_RECURSIVE, pairs_mutex, works_mutex},
    {"errorcheck", PTHREAD_MUTEX_ERRORCHECK, pairs_mutex, works_mutex},
    {"rwlock-read", 0, pairs_read, works_read},
    {"rwlock-write", 0, pairs_write, works_write},
    {"spin", 0, pairs_spin, works_spin},
    {"semaphore", 0, pairs_semaphore, works_semaphore},
    {"openmp", 0, pairs_omp, works_omp},
    {"openmp-nest", 0, pairs_omp_nest, works_omp_nest},
    {"critical", 0, pairs_critical, works_critical},
};

static const struct kind *find(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(name, kinds[i].name) == 0)
            return &kinds[i];
    stop("pair: there is no such kind");
}

int main(int argc, char **argv)
{
    static const char usage[] = "pair: usage: pair KIND N";
    if (argc != 3)
        stop(usage);
    const struct kind *kind = find(argv[1]);
    long n = number(argv[2], BATCHES, usage);

    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, kind->type);
    if (pthread_mutex_init(&mutex, &attributes) != 0 || pthread_rwlock_init(&rwlock, NULL) != 0 ||
        pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE) != 0 || sem_init(&semaphore, 0, 1) != 0)
        stop("pair: the locks could not be made");
    omp_init_lock(&omp_lock);
    omp_init_nest_lock(&omp_nest_lock);
    become_multi_threaded();
    if (!kind->works())
        stop("pair: the lock does not work");

    double taken[BATCHES];
    for (int i = 0; i < BATCHES; i++) {
        double begin = now_ns();
        kind->pairs(n / BATCHES);
        taken[i] = (now_ns() - begin) / (double)(n / BATCHES);
    }
    printf("%.2f ns a pair\n", median(taken, BATCHES));
    return 0;
}
