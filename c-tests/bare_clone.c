// A child by a bare clone(2), which calls no handler of a fork, locks and leaves by exit, while the parent has threads.
#include "testing.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int begun, done;

static FRAME void take(void) {
    CHECK(pthread_mutex_lock(&mutex) == 0);
    CHECK(pthread_mutex_unlock(&mutex) == 0);
}

static FRAME void parent_work(void) { take(); }
static FRAME void child_work(void) { take(); }

static void *stay(void *unused) {
    announce(&begun);
    await(&done, 1);
    return unused;
}

static void have_child(void) {
    fflush(stdout);
    long pid = syscall(SYS_clone, SIGCHLD, 0L, 0L, 0L, 0L);
    CHECK(pid >= 0);
    if (pid == 0) {
        for (int i = 0; i < 3; i++)
            child_work();
        exit(7);
    }
    int status;
    CHECK(waitpid((pid_t)pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

int main(void) {
    for (int i = 0; i < 10; i++)
        parent_work();
    have_child();
    pthread_t thread = spawn("Stays", stay, NULL);
    await(&begun, 1);
    have_child();
    announce(&done);
    join(thread);
    return finish();
}
