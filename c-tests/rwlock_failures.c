// Every way to ask for a read-write lock and not get it.
#include "testing.h"

static pthread_rwlock_t held_lock = PTHREAD_RWLOCK_INITIALIZER;
static int held, over;

static void *writer(void *unused) {
    CHECK(pthread_rwlock_wrlock(&held_lock) == 0);
    announce(&held);
    await(&over, 1);
    CHECK(pthread_rwlock_unlock(&held_lock) == 0);
    return unused;
}

static void *reader(void *unused) {
    CHECK(pthread_rwlock_rdlock(&held_lock) == 0);
    announce(&held);
    await(&over, 2);
    CHECK(pthread_rwlock_unlock(&held_lock) == 0);
    return unused;
}

static FRAME int try_to_read(void) { return pthread_rwlock_tryrdlock(&held_lock); }

static FRAME int try_to_write(void) { return pthread_rwlock_trywrlock(&held_lock); }

static FRAME int read_until(void) {
    struct timespec until = in_ms(CLOCK_REALTIME, 40);
    long long begin = now_ns();
    int result = pthread_rwlock_timedrdlock(&held_lock, &until);
    truth("read_until_ns", now_ns() - begin);
    return result;
}

static FRAME int write_until(void) {
    struct timespec until = in_ms(CLOCK_MONOTONIC, 40);
    long long begin = now_ns();
    int result = pthread_rwlock_clockwrlock(&held_lock, CLOCK_MONOTONIC, &until);
    truth("write_until_ns", now_ns() - begin);
    return result;
}

static FRAME int read_with_bad_time(void) {
    struct timespec bad = {0, 2000000000L};
    return pthread_rwlock_timedrdlock(&held_lock, &bad);
}

static FRAME void deadlock_with_itself(void) {
    CHECK(pthread_rwlock_wrlock(&held_lock) == 0);
    printf("read while writing %d\n", pthread_rwlock_rdlock(&held_lock));
    printf("write while writing %d\n", pthread_rwlock_wrlock(&held_lock));
    CHECK(pthread_rwlock_unlock(&held_lock) == 0);
}

int main(void) {
    pthread_t thread = spawn("Writer", writer, NULL);
    await(&held, 1);
    printf("try to read %d, to write %d\n", try_to_read(), try_to_write());
    printf("read until %d\n", read_until());
    printf("bad time %d\n", read_with_bad_time());
    announce(&over);
    join(thread);
    thread = spawn("Reader", reader, NULL);
    await(&held, 2);
    printf("try to write %d\n", try_to_write());
    printf("write until %d\n", write_until());
    announce(&over);
    join(thread);
    deadlock_with_itself();
    return finish();
}
