// A program with threads starts others by vfork, posix_spawn, system and popen.
#include "testing.h"
#include <spawn.h>
#include <sys/wait.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int over;

static FRAME void parent_work(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static void *worker(void *unused) {
    long long taken = 0;
    while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
        parent_work();
        taken++;
        usleep(200);
    }
    truth("taken", taken);
    return unused;
}

static int by_vfork(void) {
    pid_t child = vfork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", "exit 4", (char *)NULL);
        _exit(99);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    return WEXITSTATUS(status);
}

static int by_spawn(void) {
    pid_t child;
    char *const arguments[] = {"sh", "-c", "exit 5", NULL};
    extern char **environ;
    CHECK(posix_spawn(&child, "/bin/sh", NULL, NULL, arguments, environ) == 0);
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    return WEXITSTATUS(status);
}

static int by_popen(void) {
    char line[32] = "";
    FILE *pipe = popen("echo hello; exit 6", "r");
    CHECK(pipe != NULL);
    CHECK(fgets(line, sizeof line, pipe) != NULL);
    CHECK(strcmp(line, "hello\n") == 0);
    return WEXITSTATUS(pclose(pipe));
}

int main(void) {
    pthread_t thread = spawn("Worker", worker, NULL);
    int vforked = by_vfork(), spawned = by_spawn(), piped = by_popen();
    int status = system("exit 3");
    printf("%d %d %d %d\n", vforked, spawned, piped, WEXITSTATUS(status));
    announce(&over);
    join(thread);
    return finish();
}
