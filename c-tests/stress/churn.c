// Mixes every call of every kind with forks, signals, cancellation, libraries and short threads, at random from a seed.
//
// churn SEED ROUNDS [LIBRARY]: three workers do ROUNDS things each, two helpers disturb them.
// Every section counts without an atomic what its lock protects; at the end the counts must be
// those of the threads. Nothing is timed: it takes as long as it takes.
#include "../testing.h"

#include <dlfcn.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <threads.h>

#define WORKERS 3
#define LOCKS 4

// A lock and what it protects.
struct guarded {
    pthread_mutex_t mutex;
    pthread_rwlock_t rwlock;
    pthread_spinlock_t spin;
    sem_t semaphore;
    mtx_t c11;
    long by_mutex, by_rwlock, by_spin, by_semaphore, by_c11;
};

// What a worker did, by the lock.
struct done {
    long by_mutex, by_rwlock, by_spin, by_semaphore, by_c11;
};

static struct guarded all[LOCKS];
static struct done of_worker[WORKERS][LOCKS];
static pthread_mutex_t robust, signalled = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int signals, stop;
static long rounds;
static const char *library;
static unsigned long first_seed;

static unsigned long next(unsigned long *random) {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

static void make(struct guarded *of, int type) {
    pthread_mutexattr_t attributes;
    CHECK(pthread_mutexattr_init(&attributes) == 0);
    CHECK(pthread_mutexattr_settype(&attributes, type) == 0);
    CHECK(pthread_mutex_init(&of->mutex, &attributes) == 0);
    CHECK(pthread_rwlock_init(&of->rwlock, NULL) == 0);
    CHECK(pthread_spin_init(&of->spin, 0) == 0);
    CHECK(sem_init(&of->semaphore, 0, 1) == 0);
    CHECK(mtx_init(&of->c11, mtx_timed | mtx_recursive) == thrd_success);
}

static int take_mutex(pthread_mutex_t *mutex, unsigned long how) {
    struct timespec until = in_ms(CLOCK_REALTIME, 1), steady = in_ms(CLOCK_MONOTONIC, 1);
    switch (how % 4) {
    case 0:
        return pthread_mutex_trylock(mutex);
    case 1:
        return pthread_mutex_timedlock(mutex, &until);
    case 2:
        return pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &steady);
    default:
        return pthread_mutex_lock(mutex);
    }
}

static void with_mutex(struct guarded *of, struct done *done, unsigned long how) {
    int code = take_mutex(&of->mutex, how);
    CHECK(code == 0 || code == EBUSY || code == ETIMEDOUT);
    if (code != 0)
        return;
    of->by_mutex++;
    done->by_mutex++;
    CHECK(pthread_mutex_unlock(&of->mutex) == 0);
}

static void with_rwlock(struct guarded *of, struct done *done, unsigned long how) {
    struct timespec until = in_ms(CLOCK_REALTIME, 1);
    if (how % 3 == 0) {
        if (pthread_rwlock_timedrdlock(&of->rwlock, &until) == 0)
            CHECK(pthread_rwlock_unlock(&of->rwlock) == 0);
        return;
    }
    if ((how % 3 == 1 ? pthread_rwlock_wrlock(&of->rwlock) : pthread_rwlock_trywrlock(&of->rwlock)) != 0)
        return;
    of->by_rwlock++;
    done->by_rwlock++;
    CHECK(pthread_rwlock_unlock(&of->rwlock) == 0);
}

static void with_spin(struct guarded *of, struct done *done, unsigned long how) {
    if ((how % 2 ? pthread_spin_lock(&of->spin) : pthread_spin_trylock(&of->spin)) != 0)
        return;
    of->by_spin++;
    done->by_spin++;
    CHECK(pthread_spin_unlock(&of->spin) == 0);
}

static void with_semaphore(struct guarded *of, struct done *done, unsigned long how) {
    struct timespec until = in_ms(CLOCK_REALTIME, 1);
    int code = how % 3 == 0   ? sem_trywait(&of->semaphore)
               : how % 3 == 1 ? sem_timedwait(&of->semaphore, &until)
                              : sem_wait(&of->semaphore);
    CHECK(code == 0 || errno == EAGAIN || errno == ETIMEDOUT || errno == EINTR);
    if (code != 0)
        return;
    of->by_semaphore++;
    done->by_semaphore++;
    CHECK(sem_post(&of->semaphore) == 0);
}

static void with_c11(struct guarded *of, struct done *done, unsigned long how) {
    if ((how % 2 ? mtx_lock(&of->c11) : mtx_trylock(&of->c11)) != thrd_success)
        return;
    CHECK(mtx_lock(&of->c11) == thrd_success);
    of->by_c11++;
    done->by_c11++;
    CHECK(mtx_unlock(&of->c11) == thrd_success);
    CHECK(mtx_unlock(&of->c11) == thrd_success);
}

// A child that locks what nobody else has and leaves by _exit or exec.
static void have_child(unsigned long how) {
    static pthread_mutex_t own = PTHREAD_MUTEX_INITIALIZER;
    CHECK(pthread_mutex_lock(&own) == 0);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        CHECK(pthread_mutex_unlock(&own) == 0);
        CHECK(pthread_mutex_lock(&own) == 0);
        // Not by quick_exit: another thread may have been inside dlclose, which holds its lock.
        if (how % 4 == 0)
            execl("/bin/true", "true", (char *)NULL);
        _exit(0);
    }
    CHECK(pthread_mutex_unlock(&own) == 0);
    int status;
    while (waitpid(pid, &status, 0) == -1)
        CHECK(errno == EINTR);
    CHECK(status == 0);
}

static void unlock_signalled(void *unused) {
    (void)unused;
    CHECK(pthread_mutex_unlock(&signalled) == 0);
}

static void *wait_for_signal(void *unused) {
    CHECK(pthread_mutex_lock(&signalled) == 0);
    pthread_cleanup_push(unlock_signalled, NULL);
    for (int before = signals; signals == before;)
        CHECK(pthread_cond_wait(&condition, &signalled) == 0);
    pthread_cleanup_pop(1);
    return unused;
}

static void *die_with_robust(void *unused) {
    int code = pthread_mutex_lock(&robust);
    CHECK(code == 0 || code == EOWNERDEAD);
    if (code == EOWNERDEAD)
        CHECK(pthread_mutex_consistent(&robust) == 0);
    return unused;
}

// A short thread that waits and is cancelled, or ends with a robust mutex in its hands.
static void have_thread(unsigned long how) {
    pthread_t thread = spawn("Short", how % 2 ? wait_for_signal : die_with_robust, NULL);
    void *result = NULL;
    if (how % 2)
        CHECK(pthread_cancel(thread) == 0);
    CHECK(pthread_join(thread, &result) == 0);
    CHECK(result == NULL || result == PTHREAD_CANCELED);
}

static void open_and_close(void) {
    void *handle = library == NULL ? NULL : dlopen(library, RTLD_NOW | RTLD_LOCAL);
    CHECK(library == NULL || handle != NULL);
    if (handle != NULL)
        CHECK(dlclose(handle) == 0);
}

static void do_something(struct done *of, unsigned long *random) {
    unsigned long what = next(random) % 1024, how = next(random) >> 20;
    int lock = (int)(next(random) % LOCKS);
    if (what < 2)
        have_child(how);
    else if (what < 6)
        have_thread(how);
    else if (what < 8)
        open_and_close();
    else if (what % 5 == 0)
        with_rwlock(&all[lock], &of[lock], how);
    else if (what % 5 == 1)
        with_spin(&all[lock], &of[lock], how);
    else if (what % 5 == 2)
        with_semaphore(&all[lock], &of[lock], how);
    else if (what % 5 == 3)
        with_c11(&all[lock], &of[lock], how);
    else
        with_mutex(&all[lock], &of[lock], how);
    free(malloc(how % 300));
}

static void *work(void *number) {
    long me = (long)number;
    unsigned long random = (first_seed + (unsigned long)me) * 0x9E3779B97F4A7C15UL | 1;
    for (long i = 0; i < rounds; i++)
        do_something(of_worker[me], &random);
    return NULL;
}

static void *signal_often(void *unused) {
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
        CHECK(pthread_mutex_lock(&signalled) == 0);
        signals++;
        CHECK(pthread_cond_broadcast(&condition) == 0);
        CHECK(pthread_mutex_unlock(&signalled) == 0);
        usleep(500);
    }
    return unused;
}

// Interrupts whoever runs, be it inside a lock call: tries a lock, posts a semaphore.
static void handle(int unused) {
    static pthread_mutex_t tried = PTHREAD_MUTEX_INITIALIZER;
    static sem_t posted;
    (void)unused;
    int saved = errno;
    if (pthread_mutex_trylock(&tried) == 0)
        pthread_mutex_unlock(&tried);
    sem_post(&posted);
    errno = saved;
}

static void expect_counts(void) {
    for (int l = 0; l < LOCKS; l++) {
        struct done sum = {0, 0, 0, 0, 0};
        for (int w = 0; w < WORKERS; w++) {
            struct done *of = &of_worker[w][l];
            sum.by_mutex += of->by_mutex;
            sum.by_rwlock += of->by_rwlock;
            sum.by_spin += of->by_spin;
            sum.by_semaphore += of->by_semaphore;
            sum.by_c11 += of->by_c11;
        }
        CHECK(all[l].by_mutex == sum.by_mutex && all[l].by_rwlock == sum.by_rwlock);
        CHECK(all[l].by_spin == sum.by_spin && all[l].by_semaphore == sum.by_semaphore);
        CHECK(all[l].by_c11 == sum.by_c11);
        truth("by_mutex", sum.by_mutex);
    }
}

int main(int count, char **arguments) {
    CHECK(count > 2);
    first_seed = strtoul(arguments[1], NULL, 10);
    rounds = strtol(arguments[2], NULL, 10);
    library = count > 3 ? arguments[3] : NULL;
    const int types[LOCKS] = {PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK,
                              PTHREAD_MUTEX_ADAPTIVE_NP};
    for (int i = 0; i < LOCKS; i++)
        make(&all[i], types[i]);
    pthread_mutexattr_t attributes;
    CHECK(pthread_mutexattr_init(&attributes) == 0);
    CHECK(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0);
    CHECK(pthread_mutex_init(&robust, &attributes) == 0);
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    struct itimerval often = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
    CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
    pthread_t workers[WORKERS], helper = spawn("Signals", signal_often, NULL);
    for (long i = 0; i < WORKERS; i++)
        workers[i] = spawn("Works", work, (void *)i);
    for (int i = 0; i < WORKERS; i++)
        join(workers[i]);
    announce(&stop);
    join(helper);
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
    expect_counts();
    return finish();
}
