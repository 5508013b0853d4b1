/* A pool of workers at four recursive mutexes, through three phases of equal length.
 *
 * contention: all fight for `shared_resource`; re-entrancy: three methods call each
 * other, each with `nested` held; mixed: every worker does one of four things, by its
 * number: contention, counting, nesting, or looking things up in the cache. The locks
 * are members of one object, and are called by the names given through lockprof.h.
 *
 * rlock_stress_test [seconds=60] [workers=10]
 */
#include "rlock.h"

enum { WORKERS_MAX = 50, CACHE_SLOTS = 64, FIXED_ROUNDS = 10 };

static struct stress {
    struct rlock shared_resource;
    struct rlock counter;
    struct rlock cache;
    struct rlock nested;
    long resource_uses;
    long count;
    long cached[CACHE_SLOTS];
    long hits;
    long misses;
    long depth_sum;
} stress;

static long long begin_ns;

static FRAME void use_shared_resource(void) {
    take(&stress.shared_resource);
    stress.resource_uses++;
    work_for_us(1000);
    give(&stress.shared_resource);
}

static FRAME void increment_counter(void) {
    take(&stress.counter);
    stress.count++;
    work_for_us(100);
    give(&stress.counter);
}

/* Fills a slot, with the lock that `look_up` has: re-entrant in its turn. */
static FRAME void fill_slot(int slot) {
    take(&stress.cache);
    stress.cached[slot] = slot + 1;
    stress.misses++;
    work_for_us(500);
    give(&stress.cache);
}

static FRAME void look_up(int slot) {
    take(&stress.cache);
    if (stress.cached[slot] == 0)
        fill_slot(slot);
    else
        stress.hits++;
    /* What is cached does not stay for ever. */
    if ((stress.hits + stress.misses) % 16 == 0)
        stress.cached[slot] = 0;
    give(&stress.cache);
}

static FRAME void level_three(void) {
    take(&stress.nested);
    stress.depth_sum++;
    work_for_us(500);
    give(&stress.nested);
}

static FRAME void level_two(void) {
    take(&stress.nested);
    stress.depth_sum++;
    level_three();
    give(&stress.nested);
}

static FRAME void level_one(void) {
    take(&stress.nested);
    stress.depth_sum++;
    level_two();
    give(&stress.nested);
}

static void repeat(int times, void (*what)(void)) {
    for (int i = 0; i < times; i++) {
        what();
        let_others_in();
    }
}

static FRAME void use_cache(int worker) {
    for (int i = 0; i < 10; i++) {
        look_up((worker * 7 + i * 3) % CACHE_SLOTS);
        let_others_in();
    }
}

static FRAME void mix(int worker) {
    switch (worker % 4) {
    case 0: repeat(5, use_shared_resource); break;
    case 1: repeat(10, increment_counter); break;
    case 2: repeat(3, level_one); break;
    default: use_cache(worker);
    }
}

/* Whether a phase, the first of which is 1, is to have another round. */
static int goes_on(int phase, int round) {
    if (settings.fixed_work)
        return round < FIXED_ROUNDS;
    return now_ns() - begin_ns < settings.seconds * 1000000000LL / 3 * phase;
}

static void *worker(void *number) {
    for (int round = 0; goes_on(1, round); round++)
        repeat(settings.quick ? 10 : 50, use_shared_resource);
    for (int round = 0; goes_on(2, round); round++)
        repeat(settings.quick ? 4 : 20, level_one);
    for (int round = 0; goes_on(3, round); round++)
        mix((int)(long)number);
    return NULL;
}

static int is_right(void) {
    return stress.shared_resource.truth.acquisitions == stress.resource_uses &&
           stress.counter.truth.acquisitions == stress.count &&
           stress.cache.truth.nested == stress.misses &&
           stress.cache.truth.acquisitions == stress.hits + 2 * stress.misses &&
           stress.nested.truth.acquisitions == stress.depth_sum &&
           stress.nested.truth.nested * 3 == stress.depth_sum * 2;
}

static void make_locks(void) {
    struct { struct rlock *lock; const char *name; } locks[] = {
        {&stress.shared_resource, "shared_resource"},
        {&stress.counter, "counter"},
        {&stress.cache, "cache"},
        {&stress.nested, "nested"},
    };
    for (size_t i = 0; i < LENGTH(locks); i++) {
        make_rlock(&locks[i].lock->mutex);
        (void)lockprof_name_lock(&locks[i].lock->mutex, locks[i].name);
    }
}

int main(int argc, char **argv) {
    settings.seconds = 60;
    settings.workers = 10;
    read_settings(argc, argv, 2);
    enable_profiling("rlock-stress-test", "dev");
    make_locks();
    printf("%d workers, %d seconds: contention, re-entrancy, mixed\n", settings.workers,
           settings.seconds);
    fflush(stdout);

    pthread_t threads[WORKERS_MAX];
    begin_ns = now_ns();
    for (int i = 0; i < settings.workers; i++) {
        char name[16];
        snprintf(name, sizeof name, "Worker-%d", i);
        threads[i] = spawn(name, worker, (void *)(long)i);
    }
    for (int i = 0; i < settings.workers; i++)
        join(threads[i]);

    printf("counter %ld, cache %ld hits and %ld misses, resource used %ld times\n", stress.count,
           stress.hits, stress.misses, stress.resource_uses);
    print_truth_head();
    print_truth("shared_resource", &stress.shared_resource.truth);
    print_truth("counter", &stress.counter.truth);
    print_truth("cache", &stress.cache.truth);
    print_truth("nested", &stress.nested.truth);
    printf("the sums are %s\n", is_right() ? "as they must be" : "WRONG");
    finish_profiling(begin_ns, 0);
    return is_right() ? 0 : 1;
}
