/* Fifteen threads that fight for one recursive mutex: three write, eight read, four nest.
 *
 * A writer holds the lock for 10 ms, a reader for 1 ms, and a nested thread takes it
 * three times in a row, one inside the other, and keeps it for 5 ms. A profile must
 * show each thread by its name, waits of many times the holds, depths 1, 2 and 3,
 * and `write_item` as the one whom most of the waiting is put down to.
 */
#include "rlock.h"

enum { WRITERS = 3, READERS = 8, NESTED = 4, THREADS = WRITERS + READERS + NESTED };
enum { FIXED_ROUNDS = 20 };

/* On the heap: a profile calls the lock after the function that initialised it. */
struct shared_object {
    struct rlock lock;
    long items;
    long writes;
    long reads;
    long nested;
};

static struct shared_object *shared;
static long long end_ns;

static FRAME struct shared_object *make_shared_object(void) {
    struct shared_object *made = (struct shared_object *)calloc(1, sizeof *made);
    CHECK(made != NULL);
    pthread_mutexattr_t recursive;
    CHECK(pthread_mutexattr_init(&recursive) == 0);
    CHECK(pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE) == 0);
    CHECK(pthread_mutex_init(&made->lock.mutex, &recursive) == 0);
    return made;
}

static FRAME void write_item(void) {
    take(&shared->lock);
    shared->items++;
    shared->writes++;
    work_for_us(10000);
    give(&shared->lock);
}

static FRAME void read_items(void) {
    take(&shared->lock);
    shared->reads++;
    work_for_us(1000);
    give(&shared->lock);
}

static FRAME void nest_three_deep(void) {
    take(&shared->lock);
    take(&shared->lock);
    take(&shared->lock);
    shared->nested++;
    work_for_us(5000);
    give(&shared->lock);
    give(&shared->lock);
    give(&shared->lock);
}

/* Whether the thread is to do another round. */
static int goes_on(int round) {
    return settings.fixed_work ? round < FIXED_ROUNDS : now_ns() < end_ns;
}

static void *writer(void *unused) {
    for (int round = 0; goes_on(round); round++) {
        write_item();
        work_for_us(1000);
    }
    return unused;
}

static void *reader(void *unused) {
    for (int round = 0; goes_on(round); round++) {
        read_items();
        let_others_in();
    }
    return unused;
}

static void *nester(void *unused) {
    for (int round = 0; goes_on(round); round++) {
        nest_three_deep();
        work_for_us(2000);
    }
    return unused;
}

static int start_all(pthread_t *threads, int count, const char *role, void *(*body)(void *)) {
    for (int i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof name, "%s-%d", role, i);
        threads[i] = spawn(name, body, NULL);
    }
    return count;
}

static FRAME void print_items(void) {
    take(&shared->lock);
    printf("%ld writes, %ld reads, %ld nested rounds, %ld items\n", shared->writes, shared->reads,
           shared->nested, shared->items);
    give(&shared->lock);
}

int main(int argc, char **argv) {
    settings.seconds = 60;
    settings.workers = THREADS;
    read_settings(argc, argv, 0);
    enable_profiling("rlock-heavy-contention", "demo");
    shared = make_shared_object();
    long long begin_ns = now_ns();
    end_ns = begin_ns + settings.seconds * 1000000000LL;

    pthread_t threads[THREADS];
    int started = start_all(threads, WRITERS, "Writer", writer);
    started += start_all(threads + started, READERS, "Reader", reader);
    started += start_all(threads + started, NESTED, "Nested", nester);
    for (int i = 0; i < started; i++)
        join(threads[i]);

    print_items();
    print_truth_head();
    print_truth("shared_object", &shared->lock.truth);
    const struct truth *truth = &shared->lock.truth;
    long expected = shared->writes + shared->reads + 3 * shared->nested + 1;
    int right = truth->acquisitions == expected && truth->nested == 2 * shared->nested;
    printf("%ld acquisitions, %s\n", truth->acquisitions, right ? "as it must be" : "WRONG");
    finish_profiling(begin_ns, 0);
    return right ? 0 : 1;
}
