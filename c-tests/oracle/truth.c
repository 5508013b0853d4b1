// The oracle's truth: calibration, adding up over threads, printing.
#include "truth.h"

__thread struct tally site_tallies[SITES_MAX];
long long clock_cost_ns;
long long floor_ns;

static struct tally all_sites[SITES_MAX];
static struct lock calibrated_lock;

void make_recursive(struct lock *lock) {
    pthread_mutexattr_t attributes;
    CHECK(pthread_mutexattr_init(&attributes) == 0);
    CHECK(pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE) == 0);
    CHECK(pthread_mutex_init(&lock->mutex, &attributes) == 0);
}

static int compare(const void *a, const void *b) {
    long long x = *(const long long *)a, y = *(const long long *)b;
    return (x > y) - (x < y);
}

static long long median(long long *values, size_t len) {
    qsort(values, len, sizeof *values, compare);
    return values[len / 2];
}

enum { TRIES = 501, READS = 20 };

FRAME void calibrate(void) {
    long long tries[TRIES];
    for (int i = 0; i < TRIES; i++) {
        long long begin = now_ns();
        for (int j = 0; j < READS; j++)
            (void)now_ns();
        tries[i] = (now_ns() - begin) / (READS + 1);
    }
    clock_cost_ns = median(tries, TRIES);
    // As in `take`, which cannot be used: it subtracts what is looked for here.
    for (int i = 0; i < TRIES; i++) {
        long long asked_ns = now_ns();
        CHECK(pthread_mutex_lock(&calibrated_lock.mutex) == 0);
        long long got_ns = now_ns();
        tries[i] = got_ns - asked_ns;
        struct turn turn = {asked_ns, got_ns, 0, 0, 0};
        give(&calibrated_lock, &turn, 0);
    }
    floor_ns = median(tries, TRIES);
}

static void add(struct tally *sum, const struct tally *part) {
    sum->acquisitions += part->acquisitions;
    sum->holds += part->holds;
    sum->waits += part->waits;
    sum->hold_ns += part->hold_ns;
    sum->wait_ns += part->wait_ns;
    sum->call_ns += part->call_ns;
    sum->span_ns += part->span_ns;
    sum->hold_squares += part->hold_squares;
}

void hand_in_truth(void) {
    // Not under a mutex: that would be one more acquisition to know of.
    static int busy;
    while (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE) != 0)
        usleep(50);
    for (int site = 0; site < SITES_MAX; site++)
        add(&all_sites[site], &site_tallies[site]);
    __atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
}

static void print_tally(const struct tally *tally) {
    printf("\"acquisitions\": %ld, \"holds\": %ld, \"waits\": %ld, \"hold_ns\": %lld, "
           "\"wait_ns\": %lld, \"call_ns\": %lld, \"span_ns\": %lld, \"hold_squares\": %.6e}\n",
           tally->acquisitions, tally->holds, tally->waits, tally->hold_ns, tally->wait_ns,
           tally->call_ns, tally->span_ns, tally->hold_squares);
}

static void print_site(const char *name, const struct tally *tally) {
    printf("{\"site\": \"%s\", ", name);
    print_tally(tally);
}

static void print_lock(long number, const struct lock *lock, const struct tally *total) {
    const struct tally *own = &lock->truth;
    if (own->acquisitions * 100 < total->acquisitions && own->hold_ns * 100 < total->hold_ns &&
        own->wait_ns * 100 <= total->wait_ns)
        return;
    printf("{\"lock\": %ld, \"address\": \"%p\", ", number, (const void *)&lock->mutex);
    print_tally(own);
}

void print_truth(const char *pattern, const char *const *sites, struct lock *locks, long locks_len) {
    struct tally total = {0};
    for (int site = 0; site < SITES_MAX; site++)
        add(&total, &all_sites[site]);
    printf("{\"clock_ns\": %lld, \"floor_ns\": %lld}\n", clock_cost_ns, floor_ns);
    printf("{\"pattern\": \"%s\", ", pattern);
    print_tally(&total);
    for (int site = 0; site < SITES_MAX && sites[site] != NULL; site++)
        print_site(sites[site], &all_sites[site]);
    for (long i = 0; i < locks_len; i++)
        print_lock(i, &locks[i], &total);
    fflush(stdout);
}
