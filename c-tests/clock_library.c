// A library for LD_PRELOAD that stands before clock_gettime and takes a mutex of its own each time, as libfaketime does.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <time.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

int clock_gettime(clockid_t clock, struct timespec *time) {
    static int (*next)(clockid_t, struct timespec *);
    pthread_mutex_lock(&mutex);
    if (next == NULL)
        *(void **)&next = dlsym(RTLD_NEXT, "clock_gettime");
    int code = next(clock, time);
    pthread_mutex_unlock(&mutex);
    return code;
}
