/* A small program whose threads wait for each other, and that knows by how much.
 *
 * Two writers append to a journal under a recursive mutex, which one of their
 * steps takes again, and then refresh a cache; four readers look things up in
 * that cache and from time to time ask the journal how long it is. So a reader's
 * waits have a culprit: `append_entry` holds the journal for milliseconds,
 * `refresh_cache` holds the cache.
 *
 * After three seconds it prints what really happened, counted and timed by
 * itself. A profile of the run has to say the same.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WRITERS = 2, READERS = 4, THREADS = WRITERS + READERS, SLOTS = 64, RUN_MS = 3000 };

/* What one thread, and in the end all of them, did to one lock. */
struct truth {
    long acquisitions;
    long nested;
    double held_ns;
    double waited_ns;
};

struct worker {
    pthread_t thread;
    char name[16];
    void (*step)(struct worker *);
    unsigned turn;
    struct truth journal;
    struct truth cache;
};

/* A static object with its lock inside: a profile calls it `cache+...`. */
static struct cache {
    unsigned long generation;
    unsigned long slots[SLOTS];
    pthread_mutex_t lock;
} cache = {.lock = PTHREAD_MUTEX_INITIALIZER};

static pthread_mutex_t journal_lock;
static unsigned long journal_entries;
static unsigned long journal_sum;

static struct worker workers[THREADS];
static atomic_int stopping;

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void sleep_us(long us)
{
    struct timespec t = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&t, NULL);
}

static void must(int error, const char *what)
{
    if (error != 0) {
        fprintf(stderr, "contention: %s: %s\n", what, strerror(error));
        exit(1);
    }
}

static void *live(void *argument)
{
    struct worker *self = argument;
    pthread_setname_np(pthread_self(), self->name);
    while (!atomic_load(&stopping)) {
        self->step(self);
        self->turn++;
    }
    return NULL;
}

/* The second acquisition of the recursive mutex: nested, so it neither waits
 * nor begins a hold of its own. */
__attribute__((noinline)) static void add_checksum(struct truth *truth, unsigned long entry)
{
    must(pthread_mutex_lock(&journal_lock), "lock the journal again");
    truth->acquisitions++;
    truth->nested++;
    journal_sum = journal_sum * 31 + entry;
    must(pthread_mutex_unlock(&journal_lock), "unlock the journal's inner part");
}

/* The holder of the journal: it writes for two milliseconds. */
__attribute__((noinline)) static void append_entry(struct worker *self)
{
    double asked = now_ns();
    must(pthread_mutex_lock(&journal_lock), "lock the journal");
    double taken = now_ns();
    sleep_us(2000);
    add_checksum(&self->journal, journal_entries++);
    double released = now_ns();
    must(pthread_mutex_unlock(&journal_lock), "unlock the journal");

    self->journal.acquisitions++;
    self->journal.waited_ns += taken - asked;
    self->journal.held_ns += released - taken;
}

/* The holder of the cache: it fills all slots again. */
__attribute__((noinline)) static void refresh_cache(struct worker *self)
{
    double asked = now_ns();
    must(pthread_mutex_lock(&cache.lock), "lock the cache");
    double taken = now_ns();
    cache.generation++;
    for (unsigned slot = 0; slot < SLOTS; slot++)
        cache.slots[slot] = cache.generation * SLOTS + slot;
    sleep_us(1000);
    double released = now_ns();
    must(pthread_mutex_unlock(&cache.lock), "unlock the cache");

    self->cache.acquisitions++;
    self->cache.waited_ns += taken - asked;
    self->cache.held_ns += released - taken;
}

/* The waiter at the cache. */
__attribute__((noinline)) static unsigned long look_up(struct worker *self, unsigned key)
{
    double asked = now_ns();
    must(pthread_mutex_lock(&cache.lock), "lock the cache to read");
    double taken = now_ns();
    unsigned long value = cache.slots[key % SLOTS];
    double released = now_ns();
    must(pthread_mutex_unlock(&cache.lock), "unlock the cache after reading");

    self->cache.acquisitions++;
    self->cache.waited_ns += taken - asked;
    self->cache.held_ns += released - taken;
    return value;
}

/* The waiter at the journal. */
__attribute__((noinline)) static unsigned long journal_length(struct worker *self)
{
    double asked = now_ns();
    must(pthread_mutex_lock(&journal_lock), "lock the journal to read");
    double taken = now_ns();
    unsigned long entries = journal_entries;
    double released = now_ns();
    must(pthread_mutex_unlock(&journal_lock), "unlock the journal after reading");

    self->journal.acquisitions++;
    self->journal.waited_ns += taken - asked;
    self->journal.held_ns += released - taken;
    return entries;
}

static void write_step(struct worker *self)
{
    append_entry(self);
    refresh_cache(self);
    sleep_us(2000);
}

static void read_step(struct worker *self)
{
    static atomic_ulong seen;
    atomic_fetch_add(&seen, look_up(self, self->turn));
    if (self->turn % 8 == 7)
        atomic_fetch_add(&seen, journal_length(self));
    sleep_us(200);
}

static void start(struct worker *worker, const char *role, int number, void (*step)(struct worker *))
{
    snprintf(worker->name, sizeof worker->name, "%s-%d", role, number);
    worker->step = step;
    must(pthread_create(&worker->thread, NULL, live, worker), "start a thread");
}

static void add(struct truth *sum, const struct truth *part)
{
    sum->acquisitions += part->acquisitions;
    sum->nested += part->nested;
    sum->held_ns += part->held_ns;
    sum->waited_ns += part->waited_ns;
}

static void print_truth(const char *lock, const struct truth *truth)
{
    printf("%-14s %12ld %8ld %11.1f %11.1f\n", lock, truth->acquisitions, truth->nested,
           truth->held_ns / 1e6, truth->waited_ns / 1e6);
}

int main(void)
{
    pthread_mutexattr_t recursive;
    must(pthread_mutexattr_init(&recursive), "make mutex attributes");
    must(pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE), "ask for a recursive mutex");
    must(pthread_mutex_init(&journal_lock, &recursive), "make the journal's mutex");

    for (int i = 0; i < WRITERS; i++)
        start(&workers[i], "Writer", i, write_step);
    for (int i = 0; i < READERS; i++)
        start(&workers[WRITERS + i], "Reader", i, read_step);
    sleep_us(RUN_MS * 1000L);
    atomic_store(&stopping, 1);

    struct truth journal_truth = {0};
    struct truth cache_truth = {0};
    for (int i = 0; i < THREADS; i++) {
        must(pthread_join(workers[i].thread, NULL), "join a thread");
        add(&journal_truth, &workers[i].journal);
        add(&cache_truth, &workers[i].cache);
    }
    printf("%-14s %12s %8s %11s %11s\n", "truth", "acquisitions", "nested", "held ms", "waited ms");
    print_truth("journal_lock", &journal_truth);
    print_truth("cache", &cache_truth);
    return 0;
}
