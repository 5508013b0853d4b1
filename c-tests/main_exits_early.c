// main ends by pthread_exit; a worker goes on for 200 ms; then the process ends by itself with status 0.
#include "testing.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static FRAME void work_alone(void) {
    for (int i = 0; i < 20; i++) {
        CHECK(pthread_mutex_lock(&lock) == 0);
        sleep_ms(10);
        CHECK(pthread_mutex_unlock(&lock) == 0);
    }
}

static void *worker(void *unused) {
    work_alone();
    finish();
    return unused;
}

int main(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    pthread_t thread = spawn("Worker", worker, NULL);
    CHECK(pthread_detach(thread) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
    pthread_exit(NULL);
}
