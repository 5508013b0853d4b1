// Closes every descriptor and goes to another directory, as daemons do; then locks.
#include "testing.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static FRAME void take_afterwards(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static void *work(void *unused) {
    for (int i = 0; i < 10; i++)
        take_afterwards();
    return unused;
}

int main(void) {
    CHECK(chdir("/") == 0);
    for (int fd = 3; fd < 1024; fd++)
        close(fd);
    join(spawn("Worker", work, NULL));
    for (int fd = 3; fd < 64; fd++)
        CHECK(fcntl(fd, F_GETFD) == -1);
    finish();
    close(0);
    close(1);
    close(2);
    work(NULL);
    return 0;
}
