// What the test programs share: checks, named threads, a barrier without locks, clocks, a report of what the program measured itself.
#ifndef TESTING_H
#define TESTING_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// A function that stands in every stack under its own name.
#define FRAME __attribute__((noipa))

// Ends the program with status 1 and the place, when the condition does not hold.
#define CHECK(condition)                                                                        \
    do {                                                                                        \
        if (!(condition)) {                                                                     \
            fprintf(stderr, "%s:%d: not so: %s (errno %d)\n", __FILE__, __LINE__, #condition,   \
                    errno);                                                                     \
            fflush(stderr);                                                                     \
            _exit(1);                                                                           \
        }                                                                                       \
    } while (0)

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static inline long long clock_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static inline long long now_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

static inline void sleep_ns(long long ns) {
    struct timespec left = {(time_t)(ns / 1000000000LL), (long)(ns % 1000000000LL)};
    while (nanosleep(&left, &left) == -1 && errno == EINTR)
        ;
}

static inline void sleep_ms(long long ms) { sleep_ns(ms * 1000000LL); }

// The point in time `ms` from now on `clock`.
static inline struct timespec in_ms(clockid_t clock, long long ms) {
    long long at = clock_ns(clock) + ms * 1000000LL;
    struct timespec t = {(time_t)(at / 1000000000LL), (long)(at % 1000000000LL)};
    return t;
}

// Keeps a processor busy.
static inline void spin_ns(long long ns) {
    long long end = now_ns() + ns;
    while (now_ns() < end)
        ;
}

// Tells the test what this program saw: a line `key value` in the file that
// TESTING_TRUTH names. Standard output stays the same from run to run.
static inline void truth(const char *key, long long value) {
    const char *path = getenv("TESTING_TRUTH");
    if (path == NULL)
        return;
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    CHECK(fd >= 0);
    char line[128];
    int length = snprintf(line, sizeof line, "%s %lld\n", key, value);
    CHECK(write(fd, line, (size_t)length) == length);
    close(fd);
}

// The same of the time since `begin_ns`.
static inline void truth_since(const char *key, long long begin_ns) {
    truth(key, now_ns() - begin_ns);
}

struct thread_start {
    void *(*body)(void *);
    void *argument;
    char name[16];
};

static FRAME __attribute__((unused)) void *named_thread(void *raw) {
    struct thread_start start = *(struct thread_start *)raw;
    free(raw);
    CHECK(pthread_setname_np(pthread_self(), start.name) == 0);
    return start.body(start.argument);
}

// Starts a thread that carries its name before it does anything.
static inline pthread_t spawn_with(const pthread_attr_t *attr, const char *name,
                                   void *(*body)(void *), void *argument) {
    struct thread_start *start = (struct thread_start *)malloc(sizeof *start);
    CHECK(start != NULL);
    start->body = body;
    start->argument = argument;
    snprintf(start->name, sizeof start->name, "%s", name);
    pthread_t thread;
    int failed = pthread_create(&thread, attr, named_thread, start);
    if (failed)
        errno = failed;
    CHECK(failed == 0);
    return thread;
}

static inline pthread_t spawn(const char *name, void *(*body)(void *), void *argument) {
    return spawn_with(NULL, name, body, argument);
}

static inline void join(pthread_t thread) { CHECK(pthread_join(thread, NULL) == 0); }

// Waits until `*flag` is at least `value`, without any lock.
static inline void await(int *flag, int value) {
    while (__atomic_load_n(flag, __ATOMIC_ACQUIRE) < value)
        usleep(50);
}

static inline void announce(int *flag) { __atomic_add_fetch(flag, 1, __ATOMIC_ACQ_REL); }

// Holds each of `count` threads until all have come; used once.
static inline void meet(int *arrived, int count) {
    announce(arrived);
    await(arrived, count);
}

// The last line of a program that saw nothing wrong.
static inline int finish(void) {
    puts("EXIT-SUCCESS");
    fflush(stdout);
    return 0;
}

#endif
