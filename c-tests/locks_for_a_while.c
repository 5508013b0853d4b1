// Two threads lock for so many milliseconds, a number given as the argument; then it ends well.
#include "testing.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long long end_ns;

static FRAME void work_for_a_while(void) {
    do {
        CHECK(pthread_mutex_lock(&lock) == 0);
        CHECK(pthread_mutex_unlock(&lock) == 0);
        sleep_ms(1);
    } while (now_ns() < end_ns);
}

static void *worker(void *unused) {
    work_for_a_while();
    return unused;
}

int main(int count, char **arguments) {
    CHECK(count == 2);
    end_ns = now_ns() + 1000000LL * atoi(arguments[1]);
    pthread_t one = spawn("Worker-1", worker, NULL);
    pthread_t two = spawn("Worker-2", worker, NULL);
    join(one);
    join(two);
    return finish();
}
