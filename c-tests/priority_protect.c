// A mutex with a priority ceiling: the holder's priority rises and falls as it would alone.
#include "testing.h"
#include <sched.h>

static pthread_mutex_t ceiling_lock;

static int priority(void) {
    struct sched_param param;
    CHECK(sched_getparam(0, &param) == 0);
    return param.sched_priority;
}

static FRAME int take_under_ceiling(void) {
    CHECK(pthread_mutex_lock(&ceiling_lock) == 0);
    int raised = priority();
    CHECK(pthread_mutex_unlock(&ceiling_lock) == 0);
    return raised;
}

static FRAME int try_under_ceiling(void) {
    CHECK(pthread_mutex_trylock(&ceiling_lock) == 0);
    int raised = priority();
    CHECK(pthread_mutex_trylock(&ceiling_lock) == EBUSY);
    CHECK(priority() == raised);
    CHECK(pthread_mutex_unlock(&ceiling_lock) == 0);
    return raised;
}

int main(void) {
    struct sched_param param = {.sched_priority = 1};
    CHECK(sched_setscheduler(0, SCHED_FIFO, &param) == 0);
    pthread_mutexattr_t attr;
    CHECK(pthread_mutexattr_init(&attr) == 0);
    CHECK(pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_PROTECT) == 0);
    CHECK(pthread_mutexattr_setprioceiling(&attr, 10) == 0);
    CHECK(pthread_mutex_init(&ceiling_lock, &attr) == 0);
    for (int i = 0; i < 50; i++) {
        CHECK(take_under_ceiling() == 10);
        CHECK(priority() == 1);
        CHECK(try_under_ceiling() == 10);
        CHECK(priority() == 1);
    }
    printf("held at %d\n", take_under_ceiling());
    param.sched_priority = 20;
    CHECK(sched_setscheduler(0, SCHED_FIFO, &param) == 0);
    printf("above the ceiling: %d\n", pthread_mutex_lock(&ceiling_lock));
    return finish();
}
