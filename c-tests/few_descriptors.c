// Opens files until there are no descriptors left, then locks in threads and ends.
#include "testing.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static FRAME void *take(void *unused) {
    for (int i = 0; i < 200; i++) {
        CHECK(pthread_mutex_lock(&mutex) == 0);
        CHECK(pthread_mutex_unlock(&mutex) == 0);
    }
    return unused;
}

int main(void) {
    int last = -1, fd;
    while ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        last = fd;
    CHECK(errno == EMFILE && last > 2);
    for (int i = 0; i < 4; i++)
        join(spawn("Locks", take, NULL));
    return finish();
}
