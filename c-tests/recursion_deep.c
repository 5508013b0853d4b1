// A recursive mutex taken forty deep, ten times.
#include "testing.h"

static pthread_mutex_t deep_lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

static FRAME void take_deeper(int left) {
    CHECK(pthread_mutex_lock(&deep_lock) == 0);
    if (left > 1)
        take_deeper(left - 1);
    CHECK(pthread_mutex_unlock(&deep_lock) == 0);
}

int main(void) {
    for (int i = 0; i < 10; i++)
        take_deeper(40);
    return finish();
}
