// Mutexes with unusual lives: released twice, destroyed and made anew while held, moved by memcpy while held.
#include "testing.h"

static pthread_mutex_t checked_lock, remade_lock, before_move, after_move;

static FRAME void release_twice(void) {
    CHECK(pthread_mutex_lock(&checked_lock) == 0);
    CHECK(pthread_mutex_unlock(&checked_lock) == 0);
    CHECK(pthread_mutex_unlock(&checked_lock) == EPERM);
}

// Whoever does this gets a new mutex that nobody holds.
static FRAME void remake_held(void) {
    CHECK(pthread_mutex_lock(&remade_lock) == 0);
    CHECK(pthread_mutex_init(&remade_lock, NULL) == 0);
    CHECK(pthread_mutex_lock(&remade_lock) == 0);
    CHECK(pthread_mutex_unlock(&remade_lock) == 0);
}

// glibc's mutexes can be moved, so some programs do it: the hold goes on elsewhere.
static FRAME void move_held(void) {
    CHECK(pthread_mutex_lock(&before_move) == 0);
    memcpy(&after_move, &before_move, sizeof after_move);
    memset(&before_move, 0, sizeof before_move);
    CHECK(pthread_mutex_unlock(&after_move) == 0);
    CHECK(pthread_mutex_lock(&before_move) == 0);
    CHECK(pthread_mutex_unlock(&before_move) == 0);
}

int main(void) {
    pthread_mutexattr_t attributes;
    CHECK(pthread_mutexattr_init(&attributes) == 0);
    CHECK(pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK) == 0);
    CHECK(pthread_mutex_init(&checked_lock, &attributes) == 0);
    for (int i = 0; i < 10; i++) {
        release_twice();
        remake_held();
        move_held();
    }
    return finish();
}
