// Patterns of a lock that threads fight for: how long each waits differs from run to run, and the oracle knows it.
//
// Who holds the lock sleeps or works briefly, and all who wait sleep: little runs, so little
// is preempted, and nearly all of the time spent in taking the lock is waiting.
#include "patterns.h"

#include <math.h>
#include <sys/prctl.h>

enum { THREADS = 4 };

// Sleeps as short as the machine can; by default the kernel adds 50 us to each.
static void prepare(void) { CHECK(prctl(PR_SET_TIMERSLACK, 1UL) == 0); }

// Takes the lock, sleeps that long, and lets it go.
IN_SITE void keep(struct lock *lock, double sleep, int site) {
    struct turn turn = take(lock);
    sleep_ns((long long)sleep);
    give(lock, &turn, site);
}

// ---- pareto: one thread stays for Pareto-distributed times while the others queue

static struct lock pareto_lock;
static const char *const pareto_sites[SITES_MAX] = {"calibrate", "pareto_hold", "pareto_queue"};

// At least 20 us, with a shape of 1.5: the mean is 60 us, and without the bound of 20 ms,
// which one in 30,000 meets, there would be no variance.
static FRAME void pareto_hold(double chance) {
    double ns = 20000 * pow(chance, -1 / 1.5);
    keep(&pareto_lock, ns < 20e6 ? ns : 20e6, 1);
}

static FRAME void pareto_queue(double chance) { keep(&pareto_lock, chance * 5000, 2); }

static void queue_for_pareto(long thread, long size) {
    unsigned long long state = seed(thread);
    for (long i = 0; i < size * 40; i++) {
        if (thread == 0)
            pareto_hold(uniform(&state));
        else
            pareto_queue(uniform(&state));
        sleep_ns((long long)(uniform(&state) * 20000));
    }
}

const struct pattern pareto_pattern = {
    "pareto", THREADS, 1, prepare, queue_for_pareto, pareto_sites, &pareto_lock, 1,
};

// ---- bimodal: nearly all waits are short, a few are long and most of the time

static struct lock bimodal_lock;
static const char *const bimodal_sites[SITES_MAX] = {"calibrate", "bimodal_short", "bimodal_long"};

// Busy instead of asleep, which would take no less than 50 us and so hardly be short.
static FRAME void bimodal_short(double chance) {
    use(&bimodal_lock, (long long)(chance * 20000), 1);
}

static FRAME void bimodal_long(double chance) { keep(&bimodal_lock, 1e6 + chance * 2e6, 2); }

static void wait_bimodally(long thread, long size) {
    unsigned long long state = seed(thread);
    for (long i = 0; i < size * 60; i++) {
        if (uniform(&state) < 0.01)
            bimodal_long(uniform(&state));
        else
            bimodal_short(uniform(&state));
        sleep_ns((long long)(uniform(&state) * 20000));
    }
}

const struct pattern bimodal_pattern = {
    "bimodal", THREADS, 1, prepare, wait_bimodally, bimodal_sites, &bimodal_lock, 1,
};
