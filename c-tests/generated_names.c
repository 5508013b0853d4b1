// Code made at run time takes mutexes; what it is called stands in the map for perf, if that is asked for: its own file ("file"), a link to one ("link").
#include "testing.h"
#include <sys/mman.h>

enum { ROUNDS = 50, APART = 64, PIECES = 3 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

typedef int generated(int (*call)(pthread_mutex_t *), pthread_mutex_t *mutex);

// push %rbp; mov %rsp,%rbp; mov %rdi,%rax; mov %rsi,%rdi; call *%rax; pop %rbp; ret
static const unsigned char code[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0x89, 0xf8, 0x48,
                                     0x89, 0xf7, 0xff, 0xd0, 0x5d, 0xc3};

static char *pieces[PIECES];

static FRAME void release_in_program(void) { CHECK(pthread_mutex_unlock(&lock) == 0); }

static FRAME void call_generated(void) {
    for (int i = 0; i < ROUNDS; i++)
        for (int piece = 0; piece < PIECES; piece++) {
            CHECK(((generated *)pieces[piece])(pthread_mutex_lock, &lock) == 0);
            release_in_program();
        }
}

static FRAME void *work(void *unused) {
    call_generated();
    return unused;
}

static char *map_code(int fd, int flags) {
    char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, flags, fd, 0);
    CHECK(memory != MAP_FAILED);
    return memory;
}

static void write_map(const char *path) {
    FILE *map = fopen(path, "w");
    CHECK(map != NULL);
    fprintf(map, "%lx %zx made_before\n", (long)pieces[0], sizeof code);
    fprintf(map, "no line at all\n");
    fprintf(map, "%lx %zx made_first\n", (long)pieces[0], sizeof code);
    fprintf(map, "%lx %zx Made:*second /a b.js:1:2\n", (long)pieces[1], sizeof code);
    fprintf(map, "%lx %zx made_in_memory_file\n", (long)pieces[2], sizeof code);
    CHECK(fclose(map) == 0);
}

int main(int argc, char **argv) {
    int fd = memfd_create("generated", MFD_CLOEXEC);
    CHECK(fd >= 0 && ftruncate(fd, 4096) == 0);
    char *memory = map_code(-1, MAP_PRIVATE | MAP_ANONYMOUS);
    pieces[0] = memory;
    pieces[1] = memory + APART;
    pieces[2] = map_code(fd, MAP_SHARED);
    for (int piece = 0; piece < PIECES; piece++)
        memcpy(pieces[piece], code, sizeof code);
    join(spawn("Generated", work, NULL));
    char path[64];
    snprintf(path, sizeof path, "/tmp/perf-%d.map", getpid());
    if (argc > 1 && strcmp(argv[1], "file") == 0)
        write_map(path);
    if (argc > 1 && strcmp(argv[1], "link") == 0) {
        write_map("map");
        char whole[256];
        CHECK(realpath("map", whole) != NULL && symlink(whole, path) == 0);
    }
    truth("pid", getpid());
    return finish();
}
