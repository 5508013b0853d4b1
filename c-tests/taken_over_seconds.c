// Two threads share a recursive mutex for some two seconds, and one waits for a third in vain; each counts and times what it does.
#include "testing.h"

enum { SECONDS_MS = 2300, HOLD_MS = 12 };

static pthread_mutex_t shared_lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;
static int arrived, kept, tried;

static FRAME void take_inner(void) {
    CHECK(pthread_mutex_lock(&shared_lock) == 0);
    CHECK(pthread_mutex_unlock(&shared_lock) == 0);
}

// Says how long it waited.
static FRAME long long take_outer(long long *held_ns) {
    long long asked = now_ns();
    CHECK(pthread_mutex_lock(&shared_lock) == 0);
    long long taken = now_ns();
    take_inner();
    sleep_ms(HOLD_MS);
    *held_ns += now_ns() - taken;
    CHECK(pthread_mutex_unlock(&shared_lock) == 0);
    return taken - asked;
}

static void *share(void *unused) {
    long long waited_ns = 0, held_ns = 0, rounds = 0;
    meet(&arrived, 2);
    for (long long end = now_ns() + SECONDS_MS * 1000000LL; now_ns() < end; rounds++) {
        waited_ns += take_outer(&held_ns);
        sleep_ms(1);
    }
    truth("outer", rounds);
    truth("waited_ns", waited_ns);
    truth("held_ns", held_ns);
    return unused;
}

static FRAME void give_up(void) {
    struct timespec limit = in_ms(CLOCK_REALTIME, 60);
    long long begin = now_ns();
    CHECK(pthread_mutex_timedlock(&kept_lock, &limit) == ETIMEDOUT);
    truth_since("in_vain_ns", begin);
}

static void *keep(void *unused) {
    CHECK(pthread_mutex_lock(&kept_lock) == 0);
    announce(&kept);
    await(&tried, 1);
    CHECK(pthread_mutex_unlock(&kept_lock) == 0);
    return unused;
}

static void *try(void *unused) {
    await(&kept, 1);
    give_up();
    announce(&tried);
    return unused;
}

int main(void) {
    truth("pid", getpid());
    pthread_t threads[] = {spawn("Left", share, NULL), spawn("Right", share, NULL),
                           spawn("Keeper", keep, NULL), spawn("Trier", try, NULL)};
    for (size_t i = 0; i < LENGTH(threads); i++)
        join(threads[i]);
    return finish();
}
