// Handlers of pthread_atfork take and release the program's locks around forks by a thread that holds another one.
#include "testing.h"

#include <sys/wait.h>

#define FORKS 20

static pthread_mutex_t guarded = PTHREAD_MUTEX_INITIALIZER, held = PTHREAD_MUTEX_INITIALIZER;

static FRAME void before_fork(void) { CHECK(pthread_mutex_lock(&guarded) == 0); }
static FRAME void after_fork(void) { CHECK(pthread_mutex_unlock(&guarded) == 0); }

static FRAME void child_work(void) {
    CHECK(pthread_mutex_lock(&guarded) == 0);
    CHECK(pthread_mutex_unlock(&guarded) == 0);
    CHECK(pthread_mutex_unlock(&held) == 0);
}

static FRAME void have_child(int turn) {
    CHECK(pthread_mutex_lock(&held) == 0);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        child_work();
        if (turn % 2 == 0)
            execl("/bin/true", "true", (char *)NULL);
        _exit(0);
    }
    CHECK(pthread_mutex_unlock(&held) == 0);
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void *body(void *unused) {
    for (int i = 0; i < FORKS; i++)
        have_child(i);
    return unused;
}

int main(void) {
    CHECK(pthread_atfork(before_fork, after_fork, after_fork) == 0);
    join(spawn("Forks", body, NULL));
    return finish();
}
