// A timer's signal handler posts while main takes: two semaphores, one of them a lock of main's own.
#include "testing.h"
#include <semaphore.h>
#include <signal.h>
#include <sys/time.h>

static sem_t ticks, own;
static volatile long posted;

static FRAME void post_in_handler(int unused) {
    (void)unused;
    int before = errno;
    CHECK(sem_post(&ticks) == 0);
    CHECK(errno == before);
    posted = posted + 1;
}

static FRAME void take_own(void) {
    CHECK(sem_wait(&own) == 0);
    CHECK(sem_post(&own) == 0);
}

static FRAME void wait_for_tick(void) {
    while (sem_wait(&ticks) != 0)
        CHECK(errno == EINTR);
}

int main(void) {
    CHECK(sem_init(&ticks, 0, 0) == 0);
    CHECK(sem_init(&own, 0, 1) == 0);
    struct sigaction action = {.sa_handler = post_in_handler, .sa_flags = SA_RESTART};
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    struct itimerval timer = {{0, 1000}, {0, 1000}}, off = {{0, 0}, {0, 0}};
    CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
    long taken = 0, own_taken = 0;
    for (; taken < 100; taken++) {
        // Interrupted here, as a rule inside the library.
        for (int i = 0; i < 200; i++, own_taken++)
            take_own();
        wait_for_tick();
    }
    CHECK(setitimer(ITIMER_REAL, &off, NULL) == 0);
    for (; taken < posted; taken++)
        CHECK(sem_trywait(&ticks) == 0);
    CHECK(sem_trywait(&ticks) == -1 && errno == EAGAIN);
    truth("own_taken", own_taken);
    truth("taken", taken);
    return finish();
}
