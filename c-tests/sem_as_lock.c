// A semaphore used as a lock: every call that takes it, by two threads; then one holds it while the other waits.
#include "testing.h"
#include <semaphore.h>

static sem_t lock;
static int arrived, held, counter;

static FRAME void by_wait(void) { CHECK(sem_wait(&lock) == 0); }

static FRAME void by_trywait(void) {
    while (sem_trywait(&lock) != 0)
        CHECK(errno == EAGAIN);
}

static FRAME void by_timedwait(void) {
    struct timespec until = in_ms(CLOCK_REALTIME, 10000);
    CHECK(sem_timedwait(&lock, &until) == 0);
}

static FRAME void by_clockwait(void) {
    struct timespec until = in_ms(CLOCK_MONOTONIC, 10000);
    CHECK(sem_clockwait(&lock, CLOCK_MONOTONIC, &until) == 0);
}

static FRAME void give_back(void) {
    counter++;
    CHECK(sem_post(&lock) == 0);
}

static void *takes(void *unused) {
    void (*const calls[])(void) = {by_wait, by_trywait, by_timedwait, by_clockwait};
    meet(&arrived, 2);
    for (int i = 0; i < 400; i++) {
        calls[i % 4]();
        give_back();
    }
    return unused;
}

static FRAME void hold_long(void) {
    CHECK(sem_wait(&lock) == 0);
    long long begin = now_ns();
    announce(&held);
    sleep_ms(60);
    truth("held_ns", now_ns() - begin);
    CHECK(sem_post(&lock) == 0);
}

static void *holds(void *unused) {
    hold_long();
    return unused;
}

static FRAME void wait_long(void) {
    long long begin = now_ns();
    CHECK(sem_wait(&lock) == 0);
    truth("waited_ns", now_ns() - begin);
    CHECK(sem_post(&lock) == 0);
}

int main(void) {
    CHECK(sem_init(&lock, 0, 1) == 0);
    pthread_t threads[] = {spawn("First", takes, NULL), spawn("Second", takes, NULL)};
    join(threads[0]);
    join(threads[1]);
    pthread_t holder = spawn("Holder", holds, NULL);
    await(&held, 1);
    wait_long();
    join(holder);
    CHECK(sem_destroy(&lock) == 0);
    printf("taken %d\n", counter);
    return finish();
}
