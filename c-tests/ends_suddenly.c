// Locks in two threads and ends as its argument says: by quick_exit, _exit, abort, assert, a signal, or exit from a thread.
#include "testing.h"

#include <assert.h>
#include <signal.h>
#include <sys/resource.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, kept = PTHREAD_MUTEX_INITIALIZER;
static int holds;

static FRAME void take(void) {
    CHECK(pthread_mutex_lock(&mutex) == 0);
    CHECK(pthread_mutex_unlock(&mutex) == 0);
}

static FRAME void take_at_quick_exit(void) { take(); }

// Ends holding a lock that others wait for.
static void *keep(void *unused) {
    CHECK(pthread_mutex_lock(&kept) == 0);
    for (int i = 0; i < 10; i++)
        take();
    announce(&holds);
    pause();
    return unused;
}

static void *wait_for_ever(void *unused) {
    await(&holds, 1);
    announce(&holds);
    pthread_mutex_lock(&kept);
    return unused;
}

static void *call_exit(void *unused) {
    exit(9);
    return unused;
}

static void end(const char *how) {
    if (strcmp(how, "quick_exit") == 0)
        quick_exit(5);
    if (strcmp(how, "_exit") == 0)
        _exit(6);
    if (strcmp(how, "abort") == 0)
        abort();
    if (strcmp(how, "assert") == 0)
        assert(holds == 0);
    if (strcmp(how, "terminated") == 0)
        raise(SIGTERM);
    if (strcmp(how, "fault") == 0)
        raise(SIGSEGV);
    if (strcmp(how, "exit in a thread") == 0) {
        spawn("Exits", call_exit, NULL);
        pause();
    }
    exit(4);
}

int main(int count, char **arguments) {
    struct rlimit no_core = {0, 0};
    CHECK(setrlimit(RLIMIT_CORE, &no_core) == 0);
    CHECK(at_quick_exit(take_at_quick_exit) == 0);
    spawn("Keeps", keep, NULL);
    spawn("Waits", wait_for_ever, NULL);
    await(&holds, 2);
    finish();
    if (count > 1)
        end(arguments[1]);
    return 0;
}
