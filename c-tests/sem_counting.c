// A semaphore of three: a thread takes it once, then three times over; and one made anew in the memory of another, for another use.
#include "testing.h"
#include <semaphore.h>

static sem_t three;
static sem_t reused;

static FRAME void take(sem_t *semaphore) { CHECK(sem_wait(semaphore) == 0); }
static FRAME void give(sem_t *semaphore) { CHECK(sem_post(semaphore) == 0); }

static FRAME void take_once(void) {
    take(&three);
    give(&three);
}

static FRAME void take_all(void) {
    for (int i = 0; i < 3; i++)
        take(&three);
    sleep_ms(10);
    for (int i = 0; i < 3; i++)
        give(&three);
}

static FRAME void use_as_lock(void) {
    CHECK(sem_init(&reused, 0, 1) == 0);
    for (int i = 0; i < 20; i++) {
        take(&reused);
        give(&reused);
    }
    // Left taken: this hold ends with the semaphore.
    take(&reused);
    CHECK(sem_destroy(&reused) == 0);
}

static void *posts(void *unused) {
    for (int i = 0; i < 20; i++)
        give(&reused);
    return unused;
}

static FRAME void use_as_event(void) {
    CHECK(sem_init(&reused, 0, 0) == 0);
    pthread_t thread = spawn("Poster", posts, NULL);
    for (int i = 0; i < 20; i++)
        take(&reused);
    join(thread);
    CHECK(sem_destroy(&reused) == 0);
}

int main(void) {
    CHECK(sem_init(&three, 0, 3) == 0);
    for (int i = 0; i < 10; i++)
        take_once();
    for (int i = 0; i < 10; i++)
        take_all();
    use_as_lock();
    use_as_event();
    return finish();
}
