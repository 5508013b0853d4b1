// Patterns of locks that nobody fights for: each belongs to one thread, so all counts are the same in every run.
#include "patterns.h"

enum { THREADS = 2, DEPTH = 4 };

// ---- nested: one to four different mutexes, and one recursive one to the same depth

static struct lock nested_locks[THREADS][1 + DEPTH];
static const char *const nested_sites[SITES_MAX] = {
    "calibrate", "again_1", "again_2", "again_3", "again_4", "other_1", "other_2", "other_3", "other_4",
};

enum { STEP_NS = 1000 };

// A level of the recursive mutex below the outermost one.
#define AGAIN(level, below)                                                                     \
    static FRAME void again_##level(struct lock *lock, int depth) {                             \
        take_again(lock);                                                                       \
        spin_ns(STEP_NS);                                                                       \
        if (depth > level)                                                                      \
            below(lock, depth);                                                                 \
        give_back(lock, level);                                                                 \
    }

// A level of different mutexes.
#define OTHER(level, below)                                                                     \
    static FRAME void other_##level(struct lock *lock, int depth) {                             \
        struct turn turn = take(lock);                                                          \
        spin_ns(STEP_NS);                                                                       \
        if (depth > level)                                                                      \
            below(lock + 1, depth);                                                             \
        give(lock, &turn, DEPTH + level);                                                       \
    }

static void end(struct lock *lock, int depth) {
    (void)lock;
    (void)depth;
}
AGAIN(4, end)
AGAIN(3, again_4)
AGAIN(2, again_3)
OTHER(4, end)
OTHER(3, other_4)
OTHER(2, other_3)
OTHER(1, other_2)

static FRAME void again_1(struct lock *lock, int depth) {
    struct turn turn = take(lock);
    spin_ns(STEP_NS);
    if (depth > 1)
        again_2(lock, depth);
    give(lock, &turn, 1);
}

static void prepare_nested(void) {
    for (int thread = 0; thread < THREADS; thread++)
        make_recursive(&nested_locks[thread][0]);
}

static void nest(long thread, long size) {
    for (long i = 0; i < size * 1000; i++) {
        again_1(&nested_locks[thread][0], 1 + (int)(i % DEPTH));
        other_1(&nested_locks[thread][1], 1 + (int)(i % DEPTH));
    }
}

const struct pattern nested_pattern = {
    "nested", THREADS, 1, prepare_nested, nest, nested_sites, nested_locks[0], THREADS * (1 + DEPTH),
};

// ---- loop: A B B C, again and again, so that a fixed step always meets the same one

static struct lock loop_locks[THREADS][3];
static const char *const loop_sites[SITES_MAX] = {"calibrate", "loop_a", "loop_b", "loop_c"};

static FRAME void loop_a(struct lock *lock) { use(lock, 2000, 1); }
static FRAME void loop_b(struct lock *lock) { use(lock, 4000, 2); }
static FRAME void loop_c(struct lock *lock) { use(lock, 8000, 3); }

static void loop(long thread, long size) {
    struct lock *locks = loop_locks[thread];
    for (long i = 0; i < size * 300; i++) {
        loop_a(&locks[0]);
        loop_b(&locks[1]);
        loop_b(&locks[1]);
        loop_c(&locks[2]);
    }
}

const struct pattern loop_pattern = {
    "loop", THREADS, 1, NULL, loop, loop_sites, loop_locks[0], THREADS * 3,
};

// ---- bursts: a thousand acquisitions in a row, a few long ones, silence

static struct lock burst_locks[THREADS][2];
static const char *const burst_sites[SITES_MAX] = {"calibrate", "burst", "calm"};

static FRAME void burst(struct lock *lock) { use(lock, 2000, 1); }
static FRAME void calm(struct lock *lock) { use(lock, 50000, 2); }

static void take_in_bursts(long thread, long size) {
    struct lock *locks = burst_locks[thread];
    for (long i = 0; i < size; i++) {
        for (int j = 0; j < 1000; j++)
            burst(&locks[0]);
        sleep_ms(1);
        for (int j = 0; j < 20; j++)
            calm(&locks[1]);
    }
}

const struct pattern bursts_pattern = {
    "bursts", THREADS, 1, NULL, take_in_bursts, burst_sites, burst_locks[0], THREADS * 2,
};

// ---- threads: a thousand of them, each too short-lived for a countdown that begins full

enum { AT_ONCE = 4, WAVES = 250 };

static struct lock thread_locks[AT_ONCE][2];
static const char *const thread_sites[SITES_MAX] = {"calibrate", "wave_short", "wave_long"};

static FRAME void wave_short(struct lock *lock) { use(lock, 1000, 1); }
static FRAME void wave_long(struct lock *lock) { use(lock, 3000, 2); }

static void live_briefly(long thread, long size) {
    for (long i = 0; i < size * 5 / 2; i++) {
        wave_short(&thread_locks[thread][0]);
        wave_long(&thread_locks[thread][1]);
    }
}

const struct pattern threads_pattern = {
    "threads", AT_ONCE, WAVES, NULL, live_briefly, thread_sites, thread_locks[0], AT_ONCE * 2,
};

// ---- rare: one hot lock among ten thousand that are hardly ever taken

enum { RARE_LOCKS = 10000 };

static struct lock rare_locks[THREADS][RARE_LOCKS / THREADS];
static const char *const rare_sites[SITES_MAX] = {"calibrate", "rare_any", "rare_hot"};

static FRAME void rare_any(struct lock *lock) { use(lock, 3000, 1); }
static FRAME void rare_hot(struct lock *lock) { use(lock, 6000, 2); }

static void find_hot_lock(long thread, long size) {
    unsigned long long state = seed(thread);
    struct lock *locks = rare_locks[thread];
    for (long i = 0; i < size * 1200; i++) {
        if (uniform(&state) < 0.2)
            rare_hot(&locks[0]);
        else
            rare_any(&locks[(long)(uniform(&state) * RARE_LOCKS / THREADS)]);
    }
}

const struct pattern rare_pattern = {
    "rare", THREADS, 1, NULL, find_hot_lock, rare_sites, rare_locks[0], RARE_LOCKS,
};

// ---- steps: the rate changes a thousandfold, and the throttle must follow

static struct lock step_locks[THREADS][2];
static const char *const step_sites[SITES_MAX] = {"calibrate", "step_fast", "step_slow"};

static FRAME void step_fast(struct lock *lock) { use(lock, 0, 1); }
static FRAME void step_slow(struct lock *lock) { use(lock, 100000, 2); }

static void change_rate(long thread, long size) {
    struct lock *locks = step_locks[thread];
    for (int cycle = 0; cycle < 5; cycle++) {
        for (long i = 0; i < size * 5000; i++)
            step_fast(&locks[0]);
        for (long i = 0; i < size * 10; i++) {
            step_slow(&locks[1]);
            sleep_ns(10000);
        }
    }
}

const struct pattern steps_pattern = {
    "steps", THREADS, 1, NULL, change_rate, step_sites, step_locks[0], THREADS * 2,
};
