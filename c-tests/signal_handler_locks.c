// A timer's signal handler tries and takes mutexes every millisecond while main takes them too.
#include "testing.h"
#include <signal.h>
#include <sys/time.h>

static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t own_lock = PTHREAD_MUTEX_INITIALIZER;
static volatile long taken_in_handler, taken_in_main, signals;

static FRAME void take_in_handler(int unused) {
    (void)unused;
    signals = signals + 1;
    if (pthread_mutex_trylock(&shared_lock) == 0) {
        taken_in_handler = taken_in_handler + 1;
        CHECK(pthread_mutex_unlock(&shared_lock) == 0);
    }
    CHECK(pthread_mutex_lock(&own_lock) == 0);
    taken_in_handler = taken_in_handler + 1;
    CHECK(pthread_mutex_unlock(&own_lock) == 0);
}

static FRAME void take_in_main(void) {
    CHECK(pthread_mutex_lock(&shared_lock) == 0);
    taken_in_main = taken_in_main + 1;
    CHECK(pthread_mutex_unlock(&shared_lock) == 0);
}

int main(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = take_in_handler;
    action.sa_flags = SA_RESTART;
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    struct itimerval timer = {{0, 1000}, {0, 1000}}, off = {{0, 0}, {0, 0}};
    CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
    long long end = now_ns() + 500000000LL;
    while (now_ns() < end)
        for (int i = 0; i < 10; i++)
            take_in_main();
    CHECK(setitimer(ITIMER_REAL, &off, NULL) == 0);
    truth("taken_in_main", taken_in_main);
    truth("taken_in_handler", taken_in_handler);
    CHECK(signals > 50);
    return finish();
}
