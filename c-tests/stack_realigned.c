// Functions that align their stack, also with alloca, take a mutex below others that do.
#include "testing.h"
#include <alloca.h>
#include <stdint.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static FRAME void take_realigned(char *unused) {
    __attribute__((aligned(64))) char line[64];
    memset(line, *unused, sizeof line);
    __asm__ volatile("" : : "r"(line) : "memory");
    CHECK(((uintptr_t)line & 63) == 0);
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static FRAME void align_only(char *data) {
    __attribute__((aligned(128))) char line[256];
    memset(line, *data, sizeof line);
    __asm__ volatile("" : : "r"(line) : "memory");
    take_realigned(line);
    __asm__ volatile("");
}

static FRAME void align_and_allocate(int size, int a, int b, int c, int d, int e, int f, int g) {
    __attribute__((aligned(32))) char line[64];
    char *more = alloca((size_t)size);
    memset(line, a, sizeof line);
    memset(more, b, (size_t)size);
    __asm__ volatile("" : : "r"(line), "r"(more) : "memory");
    align_only(more);
    // Those on the stack are reached from before the alignment.
    CHECK(f == 6 && g == 7 && c + d + e == 12);
}

__attribute__((noipa, force_align_arg_pointer)) static void align_forced(int size) {
    align_and_allocate(size, 1, 2, 3, 4, 5, 6, 7);
    __asm__ volatile("");
}

static FRAME void do_all(void) {
    for (int size = 1; size <= 1000; size += 111)
        align_forced(size);
}

int main(void) {
    do_all();
    return finish();
}
