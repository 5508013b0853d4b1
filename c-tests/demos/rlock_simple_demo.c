/* The smallest demo of a re-entrant lock: ten threads, one counter, one recursive mutex.
 *
 * Five threads take the lock a hundred times and count one; five take it fifty
 * times, count one, take it again and count another. So the counter must end at
 * 1000, and a profile must show 1000 acquisitions, 250 of them nested (depth 2),
 * and most of the waiting in `add_one` and `add_two`.
 *
 * Works for two seconds, then stays for half a minute altogether, so that one can
 * look at it and profiles come by themselves; with --quick it ends at once.
 */
#include "rlock.h"

enum { THREADS_OF_A_KIND = 5, SIMPLE_ROUNDS = 100, REENTRANT_ROUNDS = 50, EXPECTED = 1000 };

static struct rlock counter_lock;
static long counter;

static FRAME void add_one(void) {
    take(&counter_lock);
    counter++;
    work_for_us(1000);
    give(&counter_lock);
}

/* Called with the lock held: the second acquisition never waits. */
static FRAME void add_inside(void) {
    take(&counter_lock);
    counter++;
    work_for_us(1000);
    give(&counter_lock);
}

static FRAME void add_two(void) {
    take(&counter_lock);
    counter++;
    add_inside();
    give(&counter_lock);
}

static void *simple_worker(void *unused) {
    for (int i = 0; i < SIMPLE_ROUNDS; i++) {
        add_one();
        work_for_us(1000);
    }
    return unused;
}

static void *reentrant_worker(void *unused) {
    for (int i = 0; i < REENTRANT_ROUNDS; i++) {
        add_two();
        work_for_us(1000);
    }
    return unused;
}

int main(int argc, char **argv) {
    settings.seconds = 30;
    settings.workers = 2 * THREADS_OF_A_KIND;
    read_settings(argc, argv, 0);
    enable_profiling("rlock-simple-demo", "dev");
    make_rlock(&counter_lock.mutex);
    long long begin_ns = now_ns();

    pthread_t threads[2 * THREADS_OF_A_KIND];
    for (int i = 0; i < THREADS_OF_A_KIND; i++) {
        char name[16];
        snprintf(name, sizeof name, "Simple-%d", i);
        threads[2 * i] = spawn(name, simple_worker, NULL);
        snprintf(name, sizeof name, "Reentrant-%d", i);
        threads[2 * i + 1] = spawn(name, reentrant_worker, NULL);
    }
    for (int i = 0; i < 2 * THREADS_OF_A_KIND; i++)
        join(threads[i]);

    print_truth_head();
    print_truth("counter_lock", &counter_lock.truth);
    printf("the counter is %ld, %s\n", counter, counter == EXPECTED ? "as it must be" : "WRONG");
    finish_profiling(begin_ns, settings.seconds);
    return counter == EXPECTED ? 0 : 1;
}
