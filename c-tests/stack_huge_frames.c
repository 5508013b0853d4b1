// Functions with frames of 1 MiB, 100 KiB and, with a size known only then, 300 KiB take a mutex below each other.
#include "testing.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

// Touches both ends, so that nothing is left out.
static FRAME void use(char *data, size_t size) {
    data[0] = data[size - 1] = 1;
}

static FRAME void take_below_huge_frames(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static FRAME void frame_of_a_size(size_t size) {
    char data[size];
    use(data, size);
    take_below_huge_frames();
    use(data, size);
}

static FRAME void frame_of_100_kib(void) {
    char data[100 << 10];
    use(data, sizeof data);
    frame_of_a_size(300 << 10);
    use(data, sizeof data);
}

static FRAME void frame_of_1_mib(void) {
    char data[1 << 20];
    use(data, sizeof data);
    frame_of_100_kib();
    use(data, sizeof data);
}

static FRAME void *do_all(void *unused) {
    for (int i = 0; i < 10; i++)
        frame_of_1_mib();
    return unused;
}

int main(void) {
    do_all(NULL);
    join(spawn("Huge", do_all, NULL));
    return finish();
}
