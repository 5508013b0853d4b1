// Locks on files by every call, with and without waiting, and their failures; how long each wait was.
#include "testing.h"
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

// From here on a call counts as a wait.
#define WAIT_NS 20000

static int to_child[2], to_parent[2];

static int opened(const char *name) {
    int file = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK(file >= 0);
    return file;
}

static struct flock whole(short type) {
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET};
    return lock;
}

static int by_flock(int file) { return flock(file, LOCK_EX); }
static int by_flock_shared(int file) { return flock(file, LOCK_SH); }
static int by_lockf(int file) { return lockf(file, F_LOCK, 0); }

static int by_fcntl(int file) {
    struct flock lock = whole(F_WRLCK);
    return fcntl(file, F_SETLKW, &lock);
}

static int by_description(int file) {
    struct flock lock = whole(F_RDLCK);
    return fcntl(file, F_OFD_SETLKW, &lock);
}

static const struct way {
    const char *file;
    int (*take)(int file);
} ways[] = {
    {"by_flock", by_flock},       {"by_flock_shared", by_flock_shared}, {"by_fcntl", by_fcntl},
    {"by_description", by_description}, {"by_lockf", by_lockf},
};

static void say(int to, char what) { CHECK(write(to, &what, 1) == 1); }

static char heard(int from) {
    char what = 0;
    CHECK(read(from, &what, 1) == 1);
    return what;
}

// Another process: holds each file for some time from when it is told to.
static void hold_all(void) {
    for (unsigned i = 0; i < LENGTH(ways); i++) {
        CHECK(heard(to_child[0]) == 'h');
        int file = opened(ways[i].file);
        struct flock lock = whole(F_WRLCK);
        CHECK(flock(file, LOCK_EX | LOCK_NB) == 0 && fcntl(file, F_SETLK, &lock) == 0);
        say(to_parent[1], 'g');
        sleep_ms(50);
        close(file);
    }
    _exit(0);
}

static FRAME void wait_for_file(const struct way *way, int file) {
    long long begin = now_ns();
    errno = 7;
    CHECK(way->take(file) == 0 && errno == 7);
    truth("wait_ns", now_ns() - begin);
}

// How many took as long as a wait, for whatever reason.
static FRAME void take_free(const struct way *way, int file) {
    for (int i = 0; i < 10; i++) {
        long long begin = now_ns();
        CHECK(way->take(file) == 0);
        truth("free_but_late", now_ns() - begin >= WAIT_NS);
        struct flock lock = whole(F_UNLCK);
        CHECK(flock(file, LOCK_UN) == 0 && fcntl(file, F_SETLK, &lock) == 0);
        CHECK(fcntl(file, F_OFD_SETLK, &lock) == 0);
    }
}

static FRAME void be_refused(int held, int file) {
    CHECK(flock(held, LOCK_EX) == 0);
    struct flock lock = whole(F_WRLCK);
    CHECK(fcntl(held, F_OFD_SETLK, &lock) == 0);
    CHECK(flock(file, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK);
    CHECK(fcntl(file, F_OFD_SETLK, &lock) == -1 && errno == EAGAIN);
    CHECK(lockf(file, F_TLOCK, 0) == -1 && errno == EAGAIN);
    CHECK(flock(-1, LOCK_EX) == -1 && errno == EBADF);
    CHECK(fcntl(-1, F_SETLKW, &lock) == -1 && errno == EBADF);
    CHECK(lockf(-1, F_LOCK, 0) == -1 && errno == EBADF);
    CHECK(fcntl(file, F_SETLKW, NULL) == -1 && errno == EFAULT);
    // What has nothing to do with locks.
    CHECK(fcntl(file, F_GETFD) == FD_CLOEXEC);
    int copy = fcntl(file, F_DUPFD_CLOEXEC, 100);
    CHECK(copy >= 100 && close(copy) == 0);
}

static void on_signal(int number) { (void)number; }
static int about_to_wait;

static FRAME void be_interrupted(int file) {
    long long begin = now_ns();
    CHECK(flock(file, LOCK_EX) == -1 && errno == EINTR);
    truth("interrupted_ns", now_ns() - begin);
}

static void *interrupted(void *raw) {
    announce(&about_to_wait);
    be_interrupted(*(int *)raw);
    return NULL;
}

static FRAME void fail(void) {
    int held = opened("held"), file = opened("held");
    be_refused(held, file);
    struct sigaction action = {.sa_handler = on_signal};
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    pthread_t thread = spawn("Interrupted", interrupted, &file);
    await(&about_to_wait, 1);
    sleep_ms(50);
    CHECK(pthread_kill(thread, SIGUSR1) == 0);
    join(thread);
}

int main(void) {
    CHECK(pipe(to_child) == 0 && pipe(to_parent) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0)
        hold_all();
    int files[LENGTH(ways)];
    for (unsigned i = 0; i < LENGTH(ways); i++) {
        files[i] = opened(ways[i].file);
        say(to_child[1], 'h');
        CHECK(heard(to_parent[0]) == 'g');
        wait_for_file(&ways[i], files[i]);
        take_free(&ways[i], files[i]);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    fail();
    return finish();
}
