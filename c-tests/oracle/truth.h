// What the oracle knows of its own locks without any profiler: exact counts, and times by its own clock.
//
// Every acquisition reads the clock at four points:
//
//     asked    just before pthread_mutex_lock
//     got      just after it has returned
//     leaving  just before pthread_mutex_unlock
//     gone     just after it has returned
//
//     hold = (leaving - got) + clock
//     wait = (got - asked) - floor, where it was contended and that is 2 us or more
//
// `clock` is what one reading costs: the latter half of the first and the former half of
// the second lie inside the hold, but not between what they return. `floor` is the median
// of (got - asked) where nobody else is there, measured in the same run, so that it holds
// whatever a profiler adds to every acquisition. Both stand in the output.
//
// Contended is what the lock itself says, not a long time: a thread may be preempted while
// it takes a free lock. In glibc a thread that has slept for a mutex leaves 2 in its word,
// one that found it free leaves 1. Somebody else who begins to wait makes it 2 as well:
// hence the 2 us, which is less than a sleep in the kernel takes.
//
// What remains between this and a profiler's view is small and known: its hold begins and
// ends some tens of nanoseconds outside ours, since it too must get in and out; and what
// it does after a wait is part of our wait, not of its. What must be so however busy the
// machine is: nobody's hold is shorter than (leaving - got), nor longer than the span from
// asked to gone; and nobody's wait is longer than (got - asked), the whole call.
#ifndef TRUTH_H
#define TRUTH_H

#include "../testing.h"

// What happened at one site, to one lock, or in all. Nested acquisitions of a recursive
// mutex count, without a hold or a wait of their own.
struct tally {
    long acquisitions;
    long holds;
    long waits;
    long long hold_ns;
    long long wait_ns;
    // The calls of pthread_mutex_lock, and from asking to being gone; not of nested ones.
    long long call_ns;
    long long span_ns;
    // The sum of the squares of the holds: it says how far chance alone may lead an
    // estimate of their sum astray.
    double hold_squares;
};

// A mutex with its own truth beside it, which belongs to whoever holds it. In a cache line
// of its own.
struct lock {
    pthread_mutex_t mutex;
    struct tally truth;
} __attribute__((aligned(128)));

// One acquisition under way.
struct turn {
    long long asked_ns;
    long long got_ns;
    long long leaving_ns;
    long long gone_ns;
    long long wait_ns;
};

enum { SITES_MAX = 16, WAIT_MIN_NS = 2000 };

// What this thread did at each site of its pattern.
extern __thread struct tally site_tallies[SITES_MAX];

// Nanoseconds of one reading of the clock, and of taking a free lock with its readings.
extern long long clock_cost_ns;
extern long long floor_ns;

// Part of the function that calls it, whose name then stands first in the stack.
#define IN_SITE static inline __attribute__((always_inline))

IN_SITE struct turn take(struct lock *lock) {
    long long asked_ns = now_ns();
    CHECK(pthread_mutex_lock(&lock->mutex) == 0);
    int contended = __atomic_load_n(&lock->mutex.__data.__lock, __ATOMIC_RELAXED) == 2;
    long long got_ns = now_ns();
    long long wait_ns = got_ns - asked_ns - floor_ns;
    struct turn turn = {asked_ns, got_ns, 0, 0,
                        contended && wait_ns >= WAIT_MIN_NS ? wait_ns : 0};
    return turn;
}

static inline void add_turn(struct tally *tally, const struct turn *turn) {
    long long hold_ns = turn->leaving_ns - turn->got_ns + clock_cost_ns;
    tally->acquisitions++;
    tally->holds++;
    tally->waits += turn->wait_ns > 0;
    tally->hold_ns += hold_ns;
    tally->wait_ns += turn->wait_ns;
    tally->call_ns += turn->got_ns - turn->asked_ns;
    tally->span_ns += turn->gone_ns - turn->asked_ns;
    tally->hold_squares += (double)hold_ns * (double)hold_ns;
}

IN_SITE void give(struct lock *lock, struct turn *turn, int site) {
    turn->gone_ns = turn->leaving_ns = now_ns();
    add_turn(&lock->truth, turn);
    // What that took was held too, and of a lock that no cache has it is most of a hold.
    long long added_ns = now_ns() - turn->leaving_ns;
    turn->leaving_ns += added_ns;
    lock->truth.hold_ns += added_ns;
    CHECK(pthread_mutex_unlock(&lock->mutex) == 0);
    turn->gone_ns = now_ns();
    add_turn(&site_tallies[site], turn);
}

// Again, by the thread that holds it already.
IN_SITE void take_again(struct lock *lock) {
    CHECK(pthread_mutex_lock(&lock->mutex) == 0);
    lock->truth.acquisitions++;
}

IN_SITE void give_back(struct lock *lock, int site) {
    CHECK(pthread_mutex_unlock(&lock->mutex) == 0);
    site_tallies[site].acquisitions++;
}

// Takes the lock, works that long, and lets it go.
IN_SITE void use(struct lock *lock, long long work_ns, int site) {
    struct turn turn = take(lock);
    if (work_ns > 0)
        spin_ns(work_ns);
    give(lock, &turn, site);
}

// A recursive mutex instead of a normal one.
void make_recursive(struct lock *lock);

// Measures what the formulas above need; leaves its own acquisitions at site 0.
void calibrate(void);

// Adds what this thread did to the truth of the process; its last act.
void hand_in_truth(void);

// Prints one JSON object a line: the costs, the total, the sites, and each lock that had
// one in a hundred of the acquisitions or of any time.
void print_truth(const char *pattern, const char *const *sites, struct lock *locks, long locks_len);

#endif
