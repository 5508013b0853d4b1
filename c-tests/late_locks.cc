// Locks in everything that runs when threads and the program end.
#include "testing.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t key;

static void take() {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

struct AtExit {
    FRAME ~AtExit() {
        CHECK(pthread_mutex_lock(&lock) == 0);
        CHECK(pthread_mutex_unlock(&lock) == 0);
        puts("static destroyed");
    }
};
static AtExit at_exit;

struct OfThread {
    int used = 0;
    FRAME ~OfThread() {
        CHECK(pthread_mutex_lock(&lock) == 0);
        CHECK(pthread_mutex_unlock(&lock) == 0);
    }
};
static thread_local OfThread of_thread;

static FRAME void handler_at_exit() {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
    puts("handler ran");
}

// Runs again and again, as often as POSIX allows, so that it comes after every other destructor.
static FRAME void destroy_key(void *value) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
    long round = (long)value;
    if (round < 3)
        CHECK(pthread_setspecific(key, (void *)(round + 1)) == 0);
}

static void *work(void *unused) {
    CHECK(pthread_setspecific(key, (void *)1L) == 0);
    of_thread.used = 1;
    take();
    return unused;
}

int main() {
    CHECK(pthread_key_create(&key, destroy_key) == 0);
    CHECK(atexit(handler_at_exit) == 0);
    of_thread.used = 1;
    join(spawn("Worker", work, nullptr));
    return finish();
}
