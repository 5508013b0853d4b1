// Goes behind a new root directory, its argument, where nothing is, and locks there in a thread.
#include "testing.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static FRAME void *take(void *unused) {
    for (int i = 0; i < 200; i++) {
        CHECK(pthread_mutex_lock(&mutex) == 0);
        CHECK(pthread_mutex_unlock(&mutex) == 0);
    }
    return unused;
}

int main(int count, char **arguments) {
    take(NULL);
    if (count > 1)
        CHECK(chroot(arguments[1]) == 0 && chdir("/") == 0);
    join(spawn("Locks", take, NULL));
    return finish();
}
