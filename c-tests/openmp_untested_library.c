// A library with OpenMP's simple locks but without their test, as only an incomplete one is.
#include <pthread.h>

void omp_set_lock(pthread_mutex_t *lock);
void omp_unset_lock(pthread_mutex_t *lock);

void omp_set_lock(pthread_mutex_t *lock) { pthread_mutex_lock(lock); }
void omp_unset_lock(pthread_mutex_t *lock) { pthread_mutex_unlock(lock); }
