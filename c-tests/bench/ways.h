/* Many different stacks: two ways down at each level make 2^levels of them. */
#ifndef WAYS_H
#define WAYS_H

#include <pthread.h>

__attribute__((noinline)) static int left(pthread_mutex_t *lock, int levels, unsigned way);
__attribute__((noinline)) static int right(pthread_mutex_t *lock, int levels, unsigned way);

/* Takes and releases the lock at the end of the way that the bits of `way` describe:
 * as many frames as levels, since this one always stands in its caller's. */
__attribute__((always_inline)) static inline int down(pthread_mutex_t *lock, int levels, unsigned way)
{
    if (levels == 0) {
        pthread_mutex_lock(lock);
        pthread_mutex_unlock(lock);
        return 0;
    }
    volatile int result = way & 1 ? right(lock, levels - 1, way >> 1) : left(lock, levels - 1, way >> 1);
    return result + 1;
}

static int left(pthread_mutex_t *lock, int levels, unsigned way)
{
    volatile int result = down(lock, levels, way);
    return result + 1;
}

static int right(pthread_mutex_t *lock, int levels, unsigned way)
{
    volatile int result = down(lock, levels, way);
    return result + 2;
}

#endif
