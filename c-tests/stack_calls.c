// A mutex taken five calls below main, and in a thread; built in several ways, as programs are.
#include "testing.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static FRAME int take_at_the_end(int a) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
    return a;
}

// Keeps more alive over the call than there are registers for it.
static FRAME int keep_much(int a, int b, int c, int d, int e, int f) {
    return take_at_the_end(a + b) + a * b + c * d + e * f + a * c + b * d + e * a + f * b;
}

static FRAME int keep_array(int a) {
    int array[100];
    for (int i = 0; i < 100; i++)
        array[i] = keep_much(a, i, a, i, a, i) * (i == 0);
    return array[a];
}

static FRAME int call_twice(int a) { return keep_array(a) + keep_array(a + 1); }

static FRAME void begin(void) { CHECK(call_twice(1) == 0); }

static FRAME void *begin_thread(void *unused) {
    begin();
    return unused;
}

int main(void) {
    begin();
    join(spawn("Calls", begin_thread, NULL));
    return finish();
}
