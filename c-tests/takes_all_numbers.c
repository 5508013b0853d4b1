// Locks for 1.2 s, closes every descriptor and opens files in their place, which nobody else may touch.
#include "testing.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static FRAME void *take_often(void *unused) {
    for (int i = 0; i < 1200; i++) {
        CHECK(pthread_mutex_lock(&lock) == 0);
        CHECK(pthread_mutex_unlock(&lock) == 0);
        sleep_ms(1);
    }
    return unused;
}

int main(void) {
    join(spawn("Worker", take_often, NULL));
    for (int fd = 3; fd < 1024; fd++)
        close(fd);
    int mine[32];
    for (size_t i = 0; i < LENGTH(mine); i++) {
        mine[i] = open("/etc/passwd", O_RDONLY);
        CHECK(mine[i] >= 0);
    }
    sleep_ms(700);
    for (size_t i = 0; i < LENGTH(mine); i++) {
        CHECK(fcntl(mine[i], F_GETFD) == 0);
        CHECK(lseek(mine[i], 0, SEEK_CUR) == 0);
    }
    return finish();
}
