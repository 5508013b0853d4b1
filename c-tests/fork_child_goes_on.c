// A forked child that starts threads of its own, locks and ends normally; a lock is held over the fork.
#include "testing.h"
#include <sys/wait.h>

static pthread_mutex_t parent_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t child_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t held_over_fork = PTHREAD_MUTEX_INITIALIZER;

static FRAME void parent_work(void) {
    CHECK(pthread_mutex_lock(&parent_lock) == 0);
    CHECK(pthread_mutex_unlock(&parent_lock) == 0);
}

static FRAME void child_work(void) {
    CHECK(pthread_mutex_lock(&child_lock) == 0);
    CHECK(pthread_mutex_unlock(&child_lock) == 0);
}

static void *parent_thread(void *unused) {
    for (int i = 0; i < 10; i++)
        parent_work();
    return unused;
}

static void *child_thread(void *unused) {
    for (int i = 0; i < 20; i++)
        child_work();
    return unused;
}

static void be_the_child(void) {
    truth("child_pid", getpid());
    CHECK(pthread_mutex_unlock(&held_over_fork) == 0);
    pthread_t one = spawn("Child-1", child_thread, NULL);
    pthread_t two = spawn("Child-2", child_thread, NULL);
    join(one);
    join(two);
    exit(0);
}

int main(void) {
    truth("parent_pid", getpid());
    join(spawn("Parent-1", parent_thread, NULL));
    CHECK(pthread_mutex_lock(&held_over_fork) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0)
        be_the_child();
    CHECK(pthread_mutex_unlock(&held_over_fork) == 0);
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    join(spawn("Parent-2", parent_thread, NULL));
    return finish();
}
