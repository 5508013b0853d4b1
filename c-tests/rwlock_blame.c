// A writer makes readers and writers wait, and a reader makes a writer wait, for known times.
#include "testing.h"

enum { ROUNDS = 20 };

static pthread_rwlock_t shared_lock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_rwlock_t writers_lock = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static int held, asking, released;

static void wait_for(int *counter, int least) {
    while (__atomic_load_n(counter, __ATOMIC_ACQUIRE) < least)
        sleep_ns(20000);
}

// Holds it until the other is about to ask, and so many milliseconds longer.
static void keep(int round, int ms) {
    announce(&held);
    wait_for(&asking, round);
    sleep_ms(ms);
}

static FRAME void write_slowly(int round) {
    CHECK(pthread_rwlock_wrlock(&shared_lock) == 0);
    keep(round, 3);
    CHECK(pthread_rwlock_unlock(&shared_lock) == 0);
}

static FRAME void read_slowly(int round) {
    CHECK(pthread_rwlock_rdlock(&shared_lock) == 0);
    keep(round, 6);
    CHECK(pthread_rwlock_unlock(&shared_lock) == 0);
}

// Two writers, of a lock that prefers readers, as by default, and of one that does not.
static FRAME void write_before(pthread_rwlock_t *lock, int round) {
    CHECK(pthread_rwlock_wrlock(lock) == 0);
    keep(round, 4);
    CHECK(pthread_rwlock_unlock(lock) == 0);
}

static long long read_wait_ns, write_wait_ns, behind_wait_ns;

static FRAME void write_behind(pthread_rwlock_t *lock) {
    long long begin = now_ns();
    CHECK(pthread_rwlock_wrlock(lock) == 0);
    behind_wait_ns += now_ns() - begin;
    CHECK(pthread_rwlock_unlock(lock) == 0);
}

static FRAME void wait_to_read(void) {
    long long begin = now_ns();
    CHECK(pthread_rwlock_rdlock(&shared_lock) == 0);
    read_wait_ns += now_ns() - begin;
    CHECK(pthread_rwlock_unlock(&shared_lock) == 0);
}

static FRAME void wait_to_write(void) {
    long long begin = now_ns();
    CHECK(pthread_rwlock_wrlock(&shared_lock) == 0);
    write_wait_ns += now_ns() - begin;
    CHECK(pthread_rwlock_unlock(&shared_lock) == 0);
}

static void *waiter(void *unused) {
    for (int round = 1; round <= 4 * ROUNDS; round++) {
        wait_for(&held, round);
        announce(&asking);
        switch (round % 4) {
        case 0: wait_to_read(); break;
        case 1: wait_to_write(); break;
        case 2: write_behind(&shared_lock); break;
        case 3: write_behind(&writers_lock); break;
        }
        announce(&released);
    }
    return unused;
}

static void *holder(void *unused) {
    for (int round = 1; round <= 4 * ROUNDS; round++) {
        switch (round % 4) {
        case 0: write_slowly(round); break;
        case 1: read_slowly(round); break;
        case 2: write_before(&shared_lock, round); break;
        case 3: write_before(&writers_lock, round); break;
        }
        wait_for(&released, round);
    }
    return unused;
}

int main(void) {
    pthread_t threads[] = {spawn("Holder", holder, NULL), spawn("Waiter", waiter, NULL)};
    join(threads[0]);
    join(threads[1]);
    truth("read_wait_ns", read_wait_ns);
    truth("write_wait_ns", write_wait_ns);
    truth("behind_wait_ns", behind_wait_ns);
    return finish();
}
