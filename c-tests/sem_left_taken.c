// At the end one semaphore is held by a thread that has posted it before; others were taken and are nobody's.
#include "testing.h"
#include <semaphore.h>

static sem_t kept, done, ticket;

static FRAME void take_and_keep(void) { CHECK(sem_wait(&kept) == 0); }

static void *keeps(void *unused) {
    for (int i = 0; i < 3; i++) {
        take_and_keep();
        CHECK(sem_post(&kept) == 0);
    }
    take_and_keep();
    CHECK(sem_wait(&ticket) == 0);
    CHECK(sem_post(&done) == 0);
    for (;;)
        pause();
    return unused;
}

int main(void) {
    CHECK(sem_init(&kept, 0, 1) == 0);
    CHECK(sem_init(&done, 0, 0) == 0);
    CHECK(sem_init(&ticket, 0, 1) == 0);
    spawn("Keeper", keeps, NULL);
    CHECK(sem_wait(&done) == 0);
    sleep_ms(60);
    return finish();
}
