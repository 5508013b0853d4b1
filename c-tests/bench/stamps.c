/* A preload behind the profiler: when the real lock returned, and when the real unlock was asked for.
 *
 * Loaded as the last one, this is what the profiler takes for the C library. What
 * lies between these times and those the program sees is what the profiler adds to
 * a critical section; how long the system takes to hand a lock over is no part of it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>

#include "bench.h"

typedef int mutex_call(pthread_mutex_t *mutex);

static mutex_call *real_lock, *real_unlock;
static __thread double returned_ns, asked_ns;

__attribute__((constructor)) static void find(void)
{
    real_lock = (mutex_call *)dlsym(RTLD_NEXT, "pthread_mutex_lock");
    real_unlock = (mutex_call *)dlsym(RTLD_NEXT, "pthread_mutex_unlock");
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    int code = real_lock(mutex);
    returned_ns = now_ns();
    return code;
}

int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    asked_ns = now_ns();
    return real_unlock(mutex);
}

/* When the calling thread's last real lock returned. */
double stamp_lock_returned(void)
{
    return returned_ns;
}

/* When the calling thread's last real unlock was asked for. */
double stamp_unlock_asked(void)
{
    return asked_ns;
}
