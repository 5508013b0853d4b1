// Threads that get their names before, while and after they lock, in two ways, a thousand times, oddly, or never.
#include "testing.h"
#include <sys/prctl.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int ready, over;

static FRAME void take(int times) {
    for (int i = 0; i < times; i++) {
        CHECK(pthread_mutex_lock(&lock) == 0);
        CHECK(pthread_mutex_unlock(&lock) == 0);
    }
}

static FRAME void *named_before(void *unused) {
    take(10);
    return unused;
}

static FRAME void *named_after(void *unused) {
    take(3);
    CHECK(pthread_setname_np(pthread_self(), "After") == 0);
    take(7);
    return unused;
}

static FRAME void *named_by_prctl(void *unused) {
    take(3);
    CHECK(prctl(PR_SET_NAME, "By prctl, and too long") == 0);
    take(7);
    return unused;
}

static FRAME void *named_a_thousand_times(void *unused) {
    for (int i = 1; i <= 1000; i++) {
        char name[16];
        snprintf(name, sizeof name, "Name %d", i);
        CHECK(pthread_setname_np(pthread_self(), name) == 0);
        take(1);
    }
    announce(&ready);
    await(&over, 1);
    return unused;
}

// By another thread, when it locks no more.
static FRAME void *named_by_another(void *unused) {
    take(10);
    announce(&ready);
    await(&over, 1);
    return unused;
}

static FRAME void *named_oddly(void *unused) {
    CHECK(pthread_setname_np(pthread_self(), "\"a;b\"\n\xc3\xa9") == 0);
    take(10);
    return unused;
}

static FRAME void *named_nothing(void *unused) {
    CHECK(pthread_setname_np(pthread_self(), "") == 0);
    truth("nameless", gettid());
    take(10);
    return unused;
}

static FRAME void *never_named(void *unused) {
    take(10);
    return unused;
}

static void run(void *(*body)(void *)) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, body, NULL) == 0);
    join(thread);
}

int main(void) {
    pthread_t one, other;
    join(spawn("Before", named_before, NULL));
    run(named_after);
    run(named_by_prctl);
    run(named_oddly);
    run(named_nothing);
    run(never_named);
    CHECK(pthread_create(&one, NULL, named_a_thousand_times, NULL) == 0);
    CHECK(pthread_create(&other, NULL, named_by_another, NULL) == 0);
    await(&ready, 2);
    CHECK(pthread_setname_np(other, "By another") == 0);
    take(10);
    return finish();
}
