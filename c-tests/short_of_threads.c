// Starts three threads after each other, each of which locks, where no more than a few may be at once.
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
    for (int i = 0; i < 3; i++) {
        pthread_t thread;
        int code = pthread_create(&thread, NULL, take, NULL);
        printf("%s\n", code == 0 ? "another thread" : strerror(code));
        if (code == 0)
            join(thread);
    }
    take(NULL);
    return finish();
}
