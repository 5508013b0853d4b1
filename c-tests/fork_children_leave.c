// A program whose threads lock all the time forks 40 children; each locks and leaves by _exit(7).
#include "testing.h"
#include <sys/wait.h>

static pthread_mutex_t parent_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t child_lock = PTHREAD_MUTEX_INITIALIZER;
static int over;

static FRAME void parent_work(void) {
    CHECK(pthread_mutex_lock(&parent_lock) == 0);
    CHECK(pthread_mutex_unlock(&parent_lock) == 0);
}

static FRAME void child_work(void) {
    CHECK(pthread_mutex_lock(&child_lock) == 0);
    CHECK(pthread_mutex_unlock(&child_lock) == 0);
}

static void *worker(void *unused) {
    long long taken = 0;
    while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
        for (int i = 0; i < 10; i++, taken++)
            parent_work();
        usleep(1000);
    }
    truth("taken", taken);
    return unused;
}

static void not_in_children(void) { puts("atexit of the parent"); }

int main(void) {
    CHECK(atexit(not_in_children) == 0);
    pthread_t one = spawn("One", worker, NULL), two = spawn("Two", worker, NULL);
    int sevens = 0;
    for (int i = 0; i < 40; i++) {
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            for (int j = 0; j < 3; j++)
                child_work();
            _exit(7);
        }
        int status;
        CHECK(waitpid(child, &status, 0) == child);
        sevens += WIFEXITED(status) && WEXITSTATUS(status) == 7;
    }
    announce(&over);
    join(one);
    join(two);
    printf("sevens %d\n", sevens);
    return finish();
}
