// Memory that a pool hands out again and again for a lock: made anew each time, as it was left, and in a union with data.
#include "testing.h"

enum { ROUNDS = 1000 };

// What takes the place of a lock when it is not needed any more.
union cell {
    pthread_mutex_t lock;
    unsigned char data[sizeof(pthread_mutex_t)];
};

static pthread_mutex_t made_lock, kept_lock;
static union cell cell;

static FRAME void take(pthread_mutex_t *lock) {
    CHECK(pthread_mutex_lock(lock) == 0);
    CHECK(pthread_mutex_unlock(lock) == 0);
}

int main(void) {
    for (int i = 0; i < ROUNDS; i++) {
        CHECK(pthread_mutex_init(&made_lock, NULL) == 0);
        take(&made_lock);
        CHECK(pthread_mutex_destroy(&made_lock) == 0);
        take(&kept_lock);
        CHECK(pthread_mutex_init(&cell.lock, NULL) == 0);
        take(&cell.lock);
        memset(cell.data, 0xa5, sizeof cell.data);
    }
    return finish();
}
