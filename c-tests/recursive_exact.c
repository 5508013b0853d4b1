// One recursive mutex, ten threads, exactly 750 outermost and 250 nested acquisitions.
#include "testing.h"

static pthread_mutex_t shared_lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static int counter;
static int arrived;

static FRAME void take_once(void) {
    CHECK(pthread_mutex_lock(&shared_lock) == 0);
    counter++;
    CHECK(pthread_mutex_unlock(&shared_lock) == 0);
}

static FRAME void take_inner(void) {
    CHECK(pthread_mutex_lock(&shared_lock) == 0);
    counter++;
    CHECK(pthread_mutex_unlock(&shared_lock) == 0);
}

static FRAME void take_outer(void) {
    CHECK(pthread_mutex_lock(&shared_lock) == 0);
    counter++;
    take_inner();
    CHECK(pthread_mutex_unlock(&shared_lock) == 0);
}

static void *simple(void *unused) {
    meet(&arrived, 10);
    for (int i = 0; i < 100; i++)
        take_once();
    return unused;
}

static void *nested(void *unused) {
    meet(&arrived, 10);
    for (int i = 0; i < 50; i++)
        take_outer();
    return unused;
}

int main(void) {
    pthread_t threads[10];
    char name[16];
    long long begin = now_ns();
    for (int i = 0; i < 10; i++) {
        snprintf(name, sizeof name, "%s-%d", i < 5 ? "Simple" : "Nested", i);
        threads[i] = spawn(name, i < 5 ? simple : nested, NULL);
    }
    for (int i = 0; i < 10; i++)
        join(threads[i]);
    truth("wall_ns", now_ns() - begin);
    printf("taken %d\n", counter);
    return finish();
}
