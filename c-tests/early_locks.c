// Locks before every constructor: in the .preinit_array and in the constructor of a linked library.
#include "testing.h"

void early_library_take(void);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t held_from_the_start = PTHREAD_MUTEX_INITIALIZER;

static void before_constructors(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
    CHECK(pthread_mutex_lock(&held_from_the_start) == 0);
}

__attribute__((section(".preinit_array"), used)) static void (*const first)(void) =
    before_constructors;

static FRAME void take_in_main(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

int main(void) {
    for (int i = 0; i < 10; i++)
        take_in_main();
    early_library_take();
    CHECK(pthread_mutex_trylock(&held_from_the_start) == EBUSY);
    CHECK(pthread_mutex_unlock(&held_from_the_start) == 0);
    return finish();
}
