// One thread holds thirty mutexes at once, fifty times.
#include "testing.h"

enum { LOCKS = 30 };
static pthread_mutex_t locks[LOCKS];

static FRAME void take_all(void) {
    for (int i = 0; i < LOCKS; i++)
        CHECK(pthread_mutex_lock(&locks[i]) == 0);
    for (int i = 0; i < LOCKS; i++)
        CHECK(pthread_mutex_unlock(&locks[i]) == 0);
}

int main(void) {
    for (int i = 0; i < LOCKS; i++)
        CHECK(pthread_mutex_init(&locks[i], NULL) == 0);
    for (int i = 0; i < 50; i++)
        take_all();
    return finish();
}
