// Mutexes of zeroed memory, of a type that does not exist, in the hands of nobody, and left locked by threads that ended.
#include "testing.h"

static FRAME void take_zeroed(pthread_mutex_t *zeroed) {
    CHECK(pthread_mutex_lock(zeroed) == 0);
    CHECK(pthread_mutex_unlock(zeroed) == 0);
}

// What the C library says of a mutex that is nonsense, it is to say with us as well.
static FRAME void ask_for_nonsense(void) {
    pthread_mutex_t nonsense;
    memset(&nonsense, 0, sizeof nonsense);
    nonsense.__data.__kind = 0x0f;
    struct timespec soon = in_ms(CLOCK_REALTIME, 1);
    printf("nonsense: %d", pthread_mutex_lock(&nonsense));
    printf(" %d", pthread_mutex_trylock(&nonsense));
    printf(" %d", pthread_mutex_timedlock(&nonsense, &soon));
    printf(" %d\n", pthread_mutex_unlock(&nonsense));
}

// Locked, as the memory says, by a thread that never was.
static FRAME void ask_for_nobodys(void) {
    pthread_mutex_t nobodys = PTHREAD_MUTEX_INITIALIZER;
    nobodys.__data.__lock = 1;
    nobodys.__data.__owner = 0x3fffffff;
    struct timespec soon = in_ms(CLOCK_REALTIME, 1);
    printf("nobody's: %d", pthread_mutex_trylock(&nobodys));
    printf(" %d\n", pthread_mutex_timedlock(&nobodys, &soon));
}

static pthread_mutex_t left[20];

static FRAME void *leave_locked(void *mutex) {
    CHECK(pthread_mutex_lock((pthread_mutex_t *)mutex) == 0);
    return NULL;
}

int main(void) {
    pthread_mutex_t *zeroed = (pthread_mutex_t *)calloc(1, sizeof *zeroed);
    for (int i = 0; i < 20; i++)
        take_zeroed(zeroed);
    ask_for_nonsense();
    ask_for_nobodys();
    for (size_t i = 0; i < LENGTH(left); i++) {
        CHECK(pthread_mutex_init(&left[i], NULL) == 0);
        join(spawn("Leaves", leave_locked, &left[i]));
        CHECK(pthread_mutex_trylock(&left[i]) == EBUSY);
    }
    free(zeroed);
    return finish();
}
