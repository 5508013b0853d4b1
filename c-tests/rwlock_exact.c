// Read-write locks, taken in every way: exact numbers of readers and writers, nested readers, holds that overlap.
#include "testing.h"

enum { READERS = 4, WRITERS = 2, ROUNDS = 100 };

static pthread_rwlock_t shared_lock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_rwlock_t quiet_lock = PTHREAD_RWLOCK_INITIALIZER;
static int arrived, reading, counter;

static FRAME void read_once(void) {
    CHECK(pthread_rwlock_rdlock(&shared_lock) == 0);
    CHECK(pthread_rwlock_unlock(&shared_lock) == 0);
}

static FRAME void write_once(void) {
    CHECK(pthread_rwlock_wrlock(&shared_lock) == 0);
    counter++;
    CHECK(pthread_rwlock_unlock(&shared_lock) == 0);
}

static FRAME void read_inner(void) {
    CHECK(pthread_rwlock_rdlock(&quiet_lock) == 0);
    CHECK(pthread_rwlock_unlock(&quiet_lock) == 0);
}

static FRAME void read_outer(void) {
    CHECK(pthread_rwlock_rdlock(&quiet_lock) == 0);
    read_inner();
    read_inner();
    CHECK(pthread_rwlock_unlock(&quiet_lock) == 0);
}

static FRAME void take_every_way(void) {
    struct timespec real = in_ms(CLOCK_REALTIME, 10000), mono = in_ms(CLOCK_MONOTONIC, 10000);
    CHECK(pthread_rwlock_tryrdlock(&quiet_lock) == 0);
    CHECK(pthread_rwlock_unlock(&quiet_lock) == 0);
    CHECK(pthread_rwlock_trywrlock(&quiet_lock) == 0);
    CHECK(pthread_rwlock_unlock(&quiet_lock) == 0);
    CHECK(pthread_rwlock_timedrdlock(&quiet_lock, &real) == 0);
    CHECK(pthread_rwlock_unlock(&quiet_lock) == 0);
    CHECK(pthread_rwlock_timedwrlock(&quiet_lock, &real) == 0);
    CHECK(pthread_rwlock_unlock(&quiet_lock) == 0);
    CHECK(pthread_rwlock_clockrdlock(&quiet_lock, CLOCK_MONOTONIC, &mono) == 0);
    CHECK(pthread_rwlock_unlock(&quiet_lock) == 0);
    CHECK(pthread_rwlock_clockwrlock(&quiet_lock, CLOCK_MONOTONIC, &mono) == 0);
    CHECK(pthread_rwlock_unlock(&quiet_lock) == 0);
}

// All readers hold it at the same time, each for as long as the slowest takes to come.
static FRAME void read_together(void) {
    CHECK(pthread_rwlock_rdlock(&shared_lock) == 0);
    long long begin = now_ns();
    meet(&reading, READERS);
    sleep_ms(20);
    long long end = now_ns();
    CHECK(pthread_rwlock_unlock(&shared_lock) == 0);
    truth("together_ns", end - begin);
}

static void *reader(void *unused) {
    read_together();
    meet(&arrived, READERS + WRITERS);
    for (int i = 0; i < ROUNDS; i++)
        read_once();
    return unused;
}

static void *writer(void *unused) {
    meet(&arrived, READERS + WRITERS);
    for (int i = 0; i < ROUNDS; i++)
        write_once();
    return unused;
}

int main(void) {
    pthread_t threads[READERS + WRITERS];
    for (int i = 0; i < READERS + WRITERS; i++)
        threads[i] = i < READERS ? spawn("Reader", reader, NULL) : spawn("Writer", writer, NULL);
    for (int i = 0; i < READERS + WRITERS; i++)
        join(threads[i]);
    for (int i = 0; i < 50; i++) {
        read_outer();
        take_every_way();
    }
    printf("written %d\n", counter);
    return finish();
}
