// A program with threads that lock replaces itself by another one, which locks five times.
#include "testing.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int begun;

static FRAME void first_image(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static FRAME void second_image(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static void *worker(void *unused) {
    announce(&begun);
    for (;;)
        first_image();
    return unused;
}

int main(int argc, char **argv) {
    if (argc > 1) {
        for (int i = 0; i < 5; i++)
            second_image();
        return finish();
    }
    spawn("One", worker, NULL);
    spawn("Two", worker, NULL);
    await(&begun, 2);
    sleep_ms(20);
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    CHECK(length > 0);
    self[length] = 0;
    execl(self, argv[0], "second", (char *)NULL);
    CHECK(0);
}
