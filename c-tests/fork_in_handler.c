// A timer's signal handler forks while main locks: the child locks and leaves, 150 times.
#include "testing.h"

#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

#define FORKS 150

static pthread_mutex_t mutexes[64];
static pthread_mutex_t of_handler = PTHREAD_MUTEX_INITIALIZER;
static volatile sig_atomic_t forks;

static FRAME void take(pthread_mutex_t *mutex) {
    CHECK(pthread_mutex_lock(mutex) == 0);
    CHECK(pthread_mutex_unlock(mutex) == 0);
}

static void handle(int unused) {
    (void)unused;
    int saved = errno;
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        take(&of_handler);
        // And another generation.
        pid_t grandchild = fork();
        if (grandchild == 0)
            _exit(0);
        int status;
        _exit(waitpid(grandchild, &status, 0) == grandchild && status == 0 ? 3 : 4);
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
    forks++;
    errno = saved;
}

int main(void) {
    for (size_t i = 0; i < LENGTH(mutexes); i++)
        CHECK(pthread_mutex_init(&mutexes[i], NULL) == 0);
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
    for (unsigned turn = 0; forks < FORKS; turn++)
        take(&mutexes[turn % LENGTH(mutexes)]);
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
    return finish();
}
