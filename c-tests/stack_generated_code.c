// Code made at run time, with a frame pointer, without one and with nonsense in its register, calls back to take a mutex.
#include "testing.h"
#include <sys/mman.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

typedef void generated(void (*call)(void));

static FRAME void take_with_frame_pointer(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static FRAME void take_without_frame_pointer(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static FRAME void take_with_nonsense(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

// push %rbp; mov %rsp,%rbp; call *%rdi; pop %rbp; ret
static const unsigned char with_frame_pointer[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3};
// sub $24,%rsp; call *%rdi; add $24,%rsp; ret
static const unsigned char without_frame_pointer[] = {0x48, 0x83, 0xec, 0x18, 0xff, 0xd7,
                                                      0x48, 0x83, 0xc4, 0x18, 0xc3};
// push %rbp; lea N(%rsp),%rbp; call *%rdi; pop %rbp; ret
static const unsigned char with_nonsense[] = {0x55, 0x48, 0x8d, 0xac, 0x24, 0,    0,
                                              0,    0,    0xff, 0xd7, 0x5d, 0xc3};

static char *memory;

static FRAME void run_generated(const unsigned char *code, size_t size, int nonsense,
                                void (*call)(void)) {
    memcpy(memory, code, size);
    if (code == with_nonsense)
        memcpy(memory + 5, &nonsense, sizeof nonsense);
    ((generated *)memory)(call);
    __asm__ volatile("");
}

static FRAME void do_all(void) {
    run_generated(with_frame_pointer, sizeof with_frame_pointer, 0, take_with_frame_pointer);
    run_generated(without_frame_pointer, sizeof without_frame_pointer, 0,
                  take_without_frame_pointer);
    static const int nonsense[] = {0,    1,      -8,        -16,       8,         24,
                                   4096, 100000, 0x1000000, 0x7ffffff, -0x1000000, -100000};
    for (size_t i = 0; i < LENGTH(nonsense); i++)
        run_generated(with_nonsense, sizeof with_nonsense, nonsense[i], take_with_nonsense);
}

static FRAME void *work(void *unused) {
    do_all();
    return unused;
}

int main(void) {
    memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                  0);
    CHECK(memory != MAP_FAILED);
    do_all();
    join(spawn("Generated", work, NULL));
    return finish();
}
