// Locks until a file `stop` appears; when `go` does, it forks, or closes all descriptors and takes their numbers.
#include "testing.h"

#include <sys/stat.h>
#include <sys/wait.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

// At most a minute: a test that is interrupted must not leave this behind.
static void until_there_is(const char *file) {
    for (int i = 0; i < 6000 && access(file, F_OK) != 0; i++)
        sleep_ms(10);
}

static FRAME void work(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static void *worker(void *unused) {
    for (int i = 0; i < 60000 && access("stop", F_OK) != 0; i++) {
        work();
        sleep_ms(1);
    }
    return unused;
}

static void fork_and_go_on(void) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        pthread_t thread = spawn("Child", worker, NULL);
        truth("child", getpid());
        join(thread);
        exit(0);
    }
    int status;
    truth("forked", child);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static void take_all_numbers(void) {
    static int numbers[640];
    for (int fd = 3; fd < 1024; fd++)
        close(fd);
    for (size_t i = 0; i < LENGTH(numbers); i++)
        CHECK((numbers[i] = open("/dev/null", O_RDONLY | O_CLOEXEC)) == (int)i + 3);
    truth("closed", 1);
    until_there_is("stop");
    for (size_t i = 0; i < LENGTH(numbers); i++) {
        struct stat status;
        CHECK(fstat(numbers[i], &status) == 0 && S_ISCHR(status.st_mode));
        CHECK(close(numbers[i]) == 0);
    }
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    pthread_t thread = spawn("Worker", worker, NULL);
    until_there_is("go");
    if (strcmp(argv[1], "forks") == 0)
        fork_and_go_on();
    else
        take_all_numbers();
    join(thread);
    return finish();
}
