// Four threads take one semaphore 1,200,000 times and measure each of their own waits.
#include "testing.h"
#include <semaphore.h>

enum { THREADS = 4, ROUNDS = 300000 };

static sem_t hot_lock;
static int arrived;
static volatile long counter;

static FRAME long long take_hot(void) {
    long long begin = now_ns();
    CHECK(sem_wait(&hot_lock) == 0);
    long long taken = now_ns();
    for (int i = 0; i < 200; i++)
        counter = counter + 1;
    CHECK(sem_post(&hot_lock) == 0);
    return taken - begin;
}

static void *work(void *unused) {
    long long waited = 0;
    meet(&arrived, THREADS);
    for (int i = 0; i < ROUNDS; i++)
        waited += take_hot();
    truth("taken", ROUNDS);
    truth("waited_ns", waited);
    return unused;
}

int main(void) {
    CHECK(sem_init(&hot_lock, 0, 1) == 0);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        threads[i] = spawn("Hot", work, NULL);
    for (int i = 0; i < THREADS; i++)
        join(threads[i]);
    printf("counted %ld\n", counter);
    return finish();
}
