// Locks in every kind of place a name can come from: statics, structures, the heap, with and without init.
#include "testing.h"

struct cache {
    char before[64];
    pthread_mutex_t lock;
};
static pthread_mutex_t counter_lock = PTHREAD_MUTEX_INITIALIZER;
static struct cache cache = {"", PTHREAD_MUTEX_INITIALIZER};
static pthread_mutex_t started_later;
pthread_mutex_t global_lock = PTHREAD_MUTEX_INITIALIZER;

static FRAME pthread_mutex_t *make_thing(void) {
    pthread_mutex_t *lock = (pthread_mutex_t *)malloc(sizeof *lock);
    CHECK(lock != NULL);
    CHECK(pthread_mutex_init(lock, NULL) == 0);
    return lock;
}

static FRAME pthread_mutex_t *make_zeroed(void) {
    return (pthread_mutex_t *)calloc(1, sizeof(pthread_mutex_t));
}

static FRAME void use_lock(pthread_mutex_t *lock) {
    CHECK(pthread_mutex_lock(lock) == 0);
    CHECK(pthread_mutex_unlock(lock) == 0);
}

static FRAME void use_zeroed(pthread_mutex_t *lock) {
    CHECK(pthread_mutex_lock(lock) == 0);
    CHECK(pthread_mutex_unlock(lock) == 0);
}

int main(void) {
    pthread_mutex_t *thing = make_thing(), *zeroed = make_zeroed();
    CHECK(pthread_mutex_init(&started_later, NULL) == 0);
    truth("counter_lock", (long long)&counter_lock);
    for (int i = 0; i < 10; i++) {
        use_lock(&counter_lock);
        use_lock(&cache.lock);
        use_lock(&started_later);
        use_lock(&global_lock);
        use_lock(thing);
        use_zeroed(zeroed);
    }
    CHECK(pthread_mutex_destroy(thing) == 0);
    free(thing);
    free(zeroed);
    return finish();
}
