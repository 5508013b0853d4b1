/* What the demos of re-entrant locks share: a lock that counts what is done with it, their settings and options.
 *
 * Every lock keeps its own truth, counted and timed by whoever has it, so a
 * profile of the run can be held against what the demo prints.
 */
#ifndef RLOCK_H
#define RLOCK_H

#include "../testing.h"
#include <lockprof.h>

/* What was done with one lock. Written only by whoever holds it. */
struct truth {
    long acquisitions;
    long nested;
    long long waited_ns;
    long long held_ns;
    int depth;
    long long taken_ns;
};

/* Whoever asked at `asked_ns` has the lock now. */
static inline __attribute__((always_inline)) void note_taken(struct truth *truth,
                                                             long long asked_ns) {
    truth->acquisitions++;
    if (truth->depth++ > 0) {
        truth->nested++;
        return;
    }
    truth->taken_ns = now_ns();
    truth->waited_ns += truth->taken_ns - asked_ns;
}

/* Whoever has the lock is about to release it once. */
static inline __attribute__((always_inline)) void note_given(struct truth *truth) {
    if (--truth->depth == 0)
        truth->held_ns += now_ns() - truth->taken_ns;
}

/* How this run is to be. */
struct settings {
    int seconds;
    int workers;
    int quick;      /* --quick: a few seconds instead of half a minute and more */
    int fixed_work; /* --fixed-work: always the same work, computed instead of slept; the steps of 1 us */
};

static struct settings settings;

/* Spends the time that somebody's work would take. With --fixed-work it is computed, by
 * a number of steps and not by the clock, so that what it costs can be compared. */
static FRAME __attribute__((unused)) void work_for_us(long us) {
    if (!settings.fixed_work) {
        sleep_ns(us * 1000LL);
        return;
    }
    volatile unsigned long sum = 0;
    for (long step = 0; step < us * settings.fixed_work; step++)
        sum = sum * 31 + (unsigned long)step;
}

/* A moment outside the lock. Without it the thread that has just released a mutex takes
 * it again before the one that was woken gets a processor. */
static FRAME __attribute__((unused)) void let_others_in(void) {
    if (!settings.fixed_work)
        sleep_ns(100 * 1000);
}

static inline void say_how_to_use(const char *program, const char *arguments, int status) {
    fprintf(status == 0 ? stdout : stderr,
            "Usage: %s%s [--quick] [--fixed-work]\n"
            "  --quick       a few seconds\n"
            "  --fixed-work  compute instead of sleeping, the same in every run, to measure overhead\n",
            program, arguments);
    exit(status);
}

/* Reads the options; `numbers` of [seconds] and [workers] may stand among them. */
static inline void read_settings(int argc, char **argv, int numbers) {
    const char *arguments = numbers ? " [seconds, 60 to 300] [workers, 10 to 50]" : "";
    int given[2] = {settings.seconds, settings.workers}, count = 0;
    for (int i = 1; i < argc; i++) {
        char *end;
        long number = strtol(argv[i], &end, 10);
        if (strcmp(argv[i], "--quick") == 0)
            settings.quick = 1;
        else if (strcmp(argv[i], "--fixed-work") == 0)
            settings.fixed_work = 4000;
        else if (strcmp(argv[i], "--help") == 0)
            say_how_to_use(argv[0], arguments, 0);
        else if (count < numbers && *argv[i] != '\0' && *end == '\0' && number > 0 && number < 1000)
            given[count++] = (int)number;
        else
            say_how_to_use(argv[0], arguments, 2);
    }
    /* A quarter of it, for who has little time. */
    if (settings.fixed_work && settings.quick)
        settings.fixed_work = 1000;
    settings.quick |= settings.fixed_work != 0;
    int fits = (given[0] >= 60 || settings.quick) && given[0] <= 300 && given[1] >= 10 && given[1] <= 50;
    if (numbers && !fits)
        say_how_to_use(argv[0], arguments, 2);
    if (settings.quick && count == 0)
        given[0] = 3;
    settings.seconds = given[0];
    settings.workers = given[1];
}

/* Says who this program is and that it wants to be profiled, unless the environment
 * says so already, and starts profiling. Before the first thread: see lockprof.h. */
static inline void enable_profiling(const char *service, const char *environment) {
    setenv("DD_SERVICE", service, 0);
    setenv("DD_ENV", environment, 0);
    setenv("DD_VERSION", "1.0.0", 0);
    setenv("DD_PROFILING_ENABLED", "true", 0);
    /* Every acquisition: the runs are short, and their counts are to be compared. */
    setenv("DD_PROFILING_CAPTURE_PCT", "100", 0);
    /* With a key and without an Agent's address, profiles go past the Agent. */
    if (getenv("DD_API_KEY") == NULL)
        setenv("DD_AGENT_HOST", "localhost", 0);
    int started = lockprof_start();
    if (started == LOCKPROF_ABSENT)
        printf("liblockprof is not loaded: nothing is profiled\n");
    else if (started != LOCKPROF_DONE)
        printf("profiling could not be started\n");
    fflush(stdout);
}

static inline void print_truth_head(void) {
    printf("%-16s %12s %8s %11s %11s\n", "truth", "acquisitions", "nested", "held ms",
           "waited ms");
}

static inline void print_truth(const char *lock, const struct truth *truth) {
    printf("%-16s %12ld %8ld %11.1f %11.1f\n", lock, truth->acquisitions, truth->nested,
           (double)truth->held_ns / 1e6, (double)truth->waited_ns / 1e6);
}

/* Has the profile written and sent now, and then waits until `begin_ns` is so many seconds
 * ago: time to look at a running program, and for the profiles that come by themselves. */
static inline void finish_profiling(long long begin_ns, int seconds) {
    fflush(stdout);
    /* One profile at the end is what every program pays, and this one is to be compared. */
    if (settings.fixed_work)
        return;
    int flushed = lockprof_flush();
    if (flushed == LOCKPROF_DONE)
        printf("the profile so far is written, and sent where it is to be sent\n");
    else if (flushed == LOCKPROF_FAILED)
        printf("the profile could not be written or sent everywhere\n");
    long long left_ns = begin_ns + seconds * 1000000000LL - now_ns();
    if (left_ns > 0 && !settings.quick) {
        printf("waiting %lld s more, as a service that has nothing to do\n",
               left_ns / 1000000000LL);
        fflush(stdout);
        sleep_ns(left_ns);
    }
}

#ifndef __cplusplus

/* A recursive mutex with its truth. */
struct rlock {
    pthread_mutex_t mutex;
    struct truth truth;
};

static inline void make_rlock(pthread_mutex_t *mutex) {
    pthread_mutexattr_t recursive;
    CHECK(pthread_mutexattr_init(&recursive) == 0);
    CHECK(pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE) == 0);
    CHECK(pthread_mutex_init(mutex, &recursive) == 0);
}

/* Macros, so that whoever uses them stands in the profile: a function would too, inlined, until
 * its source lines are known. */
#define take(lock)                                     \
    do {                                               \
        struct rlock *taken = (lock);                  \
        long long asked_ns = now_ns();                 \
        CHECK(pthread_mutex_lock(&taken->mutex) == 0); \
        note_taken(&taken->truth, asked_ns);           \
    } while (0)

#define give(lock)                                       \
    do {                                                 \
        struct rlock *given = (lock);                    \
        note_given(&given->truth);                       \
        CHECK(pthread_mutex_unlock(&given->mutex) == 0); \
    } while (0)

#endif

#endif
