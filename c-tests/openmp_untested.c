// Takes locks of an OpenMP library that has no test for them, and sees that they are taken.
#include "testing.h"

void omp_set_lock(pthread_mutex_t *lock);
void omp_unset_lock(pthread_mutex_t *lock);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int main(void) {
    for (int i = 0; i < 10; i++) {
        omp_set_lock(&lock);
        CHECK(pthread_mutex_trylock(&lock) == EBUSY);
        omp_unset_lock(&lock);
        CHECK(pthread_mutex_trylock(&lock) == 0);
        CHECK(pthread_mutex_unlock(&lock) == 0);
    }
    return finish();
}
