// Two mutexes live at the same address, one after the other: made in different places, they are different locks.
#include "testing.h"

static FRAME void make_first(pthread_mutex_t *lock) { CHECK(pthread_mutex_init(lock, NULL) == 0); }

static FRAME void make_second(pthread_mutex_t *lock) { CHECK(pthread_mutex_init(lock, NULL) == 0); }

static FRAME void use(pthread_mutex_t *lock, int times) {
    for (int i = 0; i < times; i++) {
        CHECK(pthread_mutex_lock(lock) == 0);
        CHECK(pthread_mutex_unlock(lock) == 0);
    }
    CHECK(pthread_mutex_destroy(lock) == 0);
}

static FRAME void second_life(pthread_mutex_t *lock, int times) {
    make_second(lock);
    use(lock, times);
}

int main(void) {
    pthread_mutex_t *lock = malloc(sizeof *lock);
    make_first(lock);
    use(lock, 30);
    second_life(lock, 50);
    second_life(lock, 51);
    free(lock);
    return finish();
}
