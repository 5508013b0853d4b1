// A small library that makes locks, has one of its own, and uses what it is given; a test loads copies of it.
#include "testing.h"

pthread_mutex_t *lock_library_make(void);
pthread_mutex_t *lock_library_own(void);
void lock_library_use(pthread_mutex_t *lock);

static pthread_mutex_t lock_of_library = PTHREAD_MUTEX_INITIALIZER;

FRAME pthread_mutex_t *lock_library_make(void) {
    pthread_mutex_t *lock = malloc(sizeof *lock);
    CHECK(lock != NULL);
    CHECK(pthread_mutex_init(lock, NULL) == 0);
    return lock;
}

pthread_mutex_t *lock_library_own(void) { return &lock_of_library; }

FRAME void lock_library_use(pthread_mutex_t *lock) {
    for (int i = 0; i < 10; i++) {
        CHECK(pthread_mutex_lock(lock) == 0);
        CHECK(pthread_mutex_unlock(lock) == 0);
    }
}
