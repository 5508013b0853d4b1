// Five hundred short threads, twenty at a time; each locks three times.
#include "testing.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int counter;

static FRAME void take_briefly(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    counter++;
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static void *work(void *unused) {
    for (int i = 0; i < 3; i++)
        take_briefly();
    return unused;
}

int main(void) {
    pthread_t threads[20];
    for (int round = 0; round < 25; round++) {
        for (int i = 0; i < 20; i++)
            threads[i] = spawn("Short", work, NULL);
        for (int i = 0; i < 20; i++)
            join(threads[i]);
    }
    printf("taken %d\n", counter);
    return finish();
}
