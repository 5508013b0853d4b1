// A robust mutex whose owner ends: EOWNERDEAD by every call, made consistent, then given up for good.
#include "testing.h"
#include <sys/mman.h>
#include <sys/wait.h>

static pthread_mutex_t *robust;

static void *die_with_it(void *unused) {
    CHECK(pthread_mutex_lock(robust) == 0);
    return unused;
}

static FRAME int take_after_death(int how) {
    struct timespec until;
    switch (how) {
    case 0:
        return pthread_mutex_lock(robust);
    case 1:
        return pthread_mutex_trylock(robust);
    case 2:
        until = in_ms(CLOCK_REALTIME, 1000);
        return pthread_mutex_timedlock(robust, &until);
    default:
        until = in_ms(CLOCK_MONOTONIC, 1000);
        return pthread_mutex_clocklock(robust, CLOCK_MONOTONIC, &until);
    }
}

static FRAME int take_lost(int how) {
    struct timespec until = in_ms(CLOCK_REALTIME, 1000);
    return how ? pthread_mutex_timedlock(robust, &until) : pthread_mutex_lock(robust);
}

static void *take_lost_elsewhere(void *unused) {
    for (int how = 0; how < 2; how++)
        printf("given up for all: %d\n", take_lost(how));
    return unused;
}

static FRAME void release_after_death(void) { CHECK(pthread_mutex_unlock(robust) == 0); }

int main(void) {
    robust = (pthread_mutex_t *)mmap(NULL, sizeof *robust, PROT_READ | PROT_WRITE,
                                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(robust != MAP_FAILED);
    pthread_mutexattr_t attr;
    CHECK(pthread_mutexattr_init(&attr) == 0);
    CHECK(pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST) == 0);
    CHECK(pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED) == 0);
    CHECK(pthread_mutex_init(robust, &attr) == 0);
    for (int how = 0; how < 4; how++) {
        join(spawn("Dies", die_with_it, NULL));
        int result = take_after_death(how);
        printf("owner dead: %d, consistent: %d\n", result, pthread_mutex_consistent(robust));
        release_after_death();
    }
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        CHECK(pthread_mutex_lock(robust) == 0);
        _exit(3);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    printf("owner's process dead: %d, status %d\n", take_after_death(0), WEXITSTATUS(status));
    release_after_death();
    for (int i = 0; i < 4; i++)
        printf("given up: %d\n", take_lost(i % 2));
    join(spawn("Other", take_lost_elsewhere, NULL));
    // Last, because the C library leaves it locked after this.
    printf("given up: %d\n", pthread_mutex_trylock(robust));
    return finish();
}
