// Locks for 1.3 s, forks, locks in the child and in the parent, and ends both well.
#include "testing.h"

#include <sys/wait.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static FRAME void take(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static FRAME void *take_often(void *times) {
    for (int i = 0; i < *(int *)times; i++) {
        take();
        sleep_ms(1);
    }
    return times;
}

int main(void) {
    int before = 1300, after = 50;
    join(spawn("Before", take_often, &before));
    pid_t child = fork();
    CHECK(child >= 0);
    join(spawn("After", take_often, &after));
    if (child == 0)
        exit(0);
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    return finish();
}
