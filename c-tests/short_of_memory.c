// A program whose address space may grow by as many KiB as its argument says locks in threads all the same;
// with a second argument it may grow again before it ends.
#include "testing.h"
#include <sys/resource.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static FRAME void take_without_memory(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static void *work(void *unused) {
    for (int i = 0; i < 1000; i++)
        take_without_memory();
    sleep_ms(50);
    return unused;
}

// Leaves so much to grow, on top of what this process has mapped by now.
static void limit_growth(long kib) {
    FILE *status = fopen("/proc/self/status", "r");
    CHECK(status != NULL);
    char line[256];
    long mapped = 0;
    while (fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "VmSize: %ld kB", &mapped) == 1)
            break;
    fclose(status);
    CHECK(mapped > 0);
    struct rlimit limit = {(rlim_t)(mapped + kib) * 1024, RLIM_INFINITY};
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
}

int main(int argc, char **argv) {
    pthread_attr_t attr;
    CHECK(pthread_attr_init(&attr) == 0);
    CHECK(pthread_attr_setstacksize(&attr, 65536) == 0);
    limit_growth(argc > 1 ? atol(argv[1]) : 65536);
    pthread_t threads[3];
    for (size_t i = 0; i < LENGTH(threads); i++)
        CHECK(pthread_create(&threads[i], &attr, work, NULL) == 0);
    for (size_t i = 0; i < LENGTH(threads); i++)
        join(threads[i]);
    if (argc > 2) {
        struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
        CHECK(setrlimit(RLIMIT_AS, &none) == 0);
    }
    return finish();
}
