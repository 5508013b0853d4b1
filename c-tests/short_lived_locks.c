// Locks with short lives: a hundred thousand at addresses of their own, others in a pool that makes them anew or does not, in a union with data, and in an array that moves.
#include "testing.h"
#include <lockprof.h>

enum { MANY = 100000, ROUNDS = 1000 };

// What takes the place of a lock when it is not needed any more.
union cell {
    pthread_mutex_t lock;
    unsigned char data[sizeof(pthread_mutex_t)];
};

static FRAME void take_brief(pthread_mutex_t *lock) {
    CHECK(pthread_mutex_lock(lock) == 0);
    CHECK(pthread_mutex_unlock(lock) == 0);
}

static FRAME void take_made(pthread_mutex_t *lock) {
    CHECK(pthread_mutex_lock(lock) == 0);
    CHECK(pthread_mutex_unlock(lock) == 0);
}

static FRAME void take_kept(pthread_mutex_t *lock) {
    CHECK(pthread_mutex_lock(lock) == 0);
    CHECK(pthread_mutex_unlock(lock) == 0);
}

static FRAME void take_in_union(pthread_mutex_t *lock) {
    CHECK(pthread_mutex_lock(lock) == 0);
    CHECK(pthread_mutex_unlock(lock) == 0);
}

static FRAME void take_moved(pthread_mutex_t *lock) {
    CHECK(pthread_mutex_lock(lock) == 0);
    CHECK(pthread_mutex_unlock(lock) == 0);
}

// Each at an address of its own, as if nothing were ever freed.
static void live_briefly(void) {
    pthread_mutex_t *locks = malloc(MANY * sizeof *locks);
    CHECK(locks != NULL);
    for (int i = 0; i < MANY; i++) {
        CHECK(pthread_mutex_init(&locks[i], NULL) == 0);
        take_brief(&locks[i]);
        CHECK(pthread_mutex_destroy(&locks[i]) == 0);
    }
    free(locks);
}

// A pool hands the same memory out again, made anew or as it was.
static void use_pool(void) {
    static pthread_mutex_t made, kept = PTHREAD_MUTEX_INITIALIZER;
    for (int i = 0; i < ROUNDS; i++) {
        CHECK(pthread_mutex_init(&made, NULL) == 0);
        take_made(&made);
        CHECK(pthread_mutex_destroy(&made) == 0);
        take_kept(&kept);
    }
}

static void use_union(void) {
    static union cell cell;
    for (int i = 0; i < ROUNDS; i++) {
        CHECK(pthread_mutex_init(&cell.lock, NULL) == 0);
        take_in_union(&cell.lock);
        memset(cell.data, 0xa5, sizeof cell.data);
    }
}

// As a vector of locks that grows.
static void use_growing(void) {
    pthread_mutex_t *locks = NULL;
    for (int len = 1; len <= 64; len++) {
        pthread_mutex_t *grown = calloc((size_t)len, sizeof *grown);
        CHECK(grown != NULL);
        if (locks != NULL)
            memcpy(grown, locks, ((size_t)len - 1) * sizeof *grown);
        free(locks);
        locks = grown;
        for (int i = 0; i < len; i++)
            take_moved(&locks[i]);
    }
    free(locks);
}

int main(void) {
    live_briefly();
    use_pool();
    use_union();
    use_growing();
    // On a busy machine so much may take longer than an end may.
    lockprof_flush();
    return finish();
}
