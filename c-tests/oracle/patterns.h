// The oracle's patterns: ways of locking that are hard on a profiler that samples.
#ifndef PATTERNS_H
#define PATTERNS_H

#include "truth.h"

// One pattern: its threads run `body` with their number; `size` is in hundredths.
struct pattern {
    const char *name;
    // Threads at once, and how many times as many in all, one wave after the other.
    long threads;
    long waves;
    void (*prepare)(void);
    void (*body)(long thread, long size);
    // Names of the sites; 0 is the calibration.
    const char *const *sites;
    struct lock *locks;
    long locks_len;
};

// Free locks, each of one thread: counts and holds.
extern const struct pattern nested_pattern;
extern const struct pattern loop_pattern;
extern const struct pattern bursts_pattern;
extern const struct pattern threads_pattern;
extern const struct pattern rare_pattern;
extern const struct pattern steps_pattern;
// A lock that is fought for.
extern const struct pattern pareto_pattern;
extern const struct pattern bimodal_pattern;

// Where a thread's own chance begins: the same in every run.
static inline unsigned long long seed(long thread) {
    return 0x9e3779b97f4a7c15ULL * (unsigned long long)(thread + 1);
}

// A uniform number in (0, 1), from a state that each thread has for itself.
static inline double uniform(unsigned long long *state) {
    *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
    return ((double)(*state >> 11) + 0.5) / 9007199254740992.0;
}

#endif
