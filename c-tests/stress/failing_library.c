// A library for LD_PRELOAD that lets calls into the C library fail at random, but only those of liblockprof.so.
//
// FAILING_SEED begins the random numbers, one call in FAILING_ONE_IN fails. What fails: files,
// reading, writing, renaming, threads, and memory: all of it for threads of liblockprof.so's own;
// for those of the program what it asks for beforehand, to know whether to begin. A write may be short.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

static uintptr_t begin, end;
static unsigned long random_state = 1, one_in;
static unsigned failed;

static int see(struct dl_phdr_info *info, size_t size, void *unused) {
    (void)size, (void)unused;
    if (strstr(info->dlpi_name, "/liblockprof.so") == NULL)
        return 0;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD) {
            uintptr_t from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            begin = begin == 0 ? from : begin;
            end = from + info->dlpi_phdr[i].p_memsz;
        }
    return 1;
}

// Behind the libraries it is preloaded before, ours among them: what that does before
// it runs does not fail.
__attribute__((constructor)) static void prepare(void) {
    const char *seed = getenv("FAILING_SEED"), *rate = getenv("FAILING_ONE_IN");
    random_state = (seed == NULL ? 1 : strtoul(seed, NULL, 10)) * 0x9E3779B97F4A7C15UL | 1;
    one_in = rate == NULL ? 0 : strtoul(rate, NULL, 10);
    dl_iterate_phdr(see, NULL);
}

static int is_to_fail(void *caller) {
    uintptr_t from = (uintptr_t)caller;
    if (one_in == 0 || from < begin || from >= end)
        return 0;
    unsigned long drawn = __atomic_add_fetch(&random_state, 0x9E3779B97F4A7C15UL, __ATOMIC_RELAXED);
    drawn = (drawn ^ drawn >> 30) * 0xBF58476D1CE4E5B9UL;
    drawn = (drawn ^ drawn >> 27) * 0x94D049BB133111EBUL;
    if ((drawn >> 33) % one_in != 0)
        return 0;
    __atomic_add_fetch(&failed, 1, __ATOMIC_RELAXED);
    return 1;
}

__attribute__((destructor)) static void tell(void) {
    const char *path = getenv("FAILING_COUNT");
    FILE *file = path == NULL ? NULL : fopen(path, "a");
    if (file != NULL) {
        fprintf(file, "failed %u\n", failed);
        fclose(file);
    }
}

#define NEXT(name)                                                                              \
    static __typeof__(&name) next;                                                              \
    if (next == NULL)                                                                           \
        *(void **)&next = dlsym(RTLD_NEXT, #name);
#define FAILS(code, result)                                                                     \
    if (is_to_fail(__builtin_return_address(0))) {                                              \
        errno = code;                                                                           \
        return result;                                                                          \
    }

// Memory that is there when it is asked for is not gone a microsecond later.
static int may_lack_memory(size_t length) {
    char name[16] = "";
    return length >= (1 << 20) || (prctl(PR_GET_NAME, name) == 0 && strncmp(name, "lockprof", 8) == 0);
}

void *mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset) {
    NEXT(mmap)
    if (may_lack_memory(length))
        FAILS(ENOMEM, MAP_FAILED)
    return next(at, length, protection, flags, fd, offset);
}

void *mremap(void *at, size_t before, size_t length, int flags, ...) {
    NEXT(mremap)
    if (may_lack_memory(length))
        FAILS(ENOMEM, MAP_FAILED)
    return next(at, before, length, flags);
}

int open64(const char *path, int flags, ...) {
    NEXT(open64)
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    FAILS(EMFILE, -1)
    return next(path, flags, mode);
}

int open(const char *path, int flags, ...) {
    NEXT(open)
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    FAILS(EMFILE, -1)
    return next(path, flags, mode);
}

ssize_t read(int fd, void *to, size_t length) {
    NEXT(read)
    FAILS(EIO, -1)
    return next(fd, to, length);
}

ssize_t write(int fd, const void *from, size_t length) {
    NEXT(write)
    // Messages still arrive.
    if (fd > 2 && is_to_fail(__builtin_return_address(0))) {
        if (length > 1 && random_state % 2)
            return next(fd, from, length / 2);
        errno = ENOSPC;
        return -1;
    }
    return next(fd, from, length);
}

int rename(const char *from, const char *to) {
    NEXT(rename)
    FAILS(EACCES, -1)
    return next(from, to);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *),
                   void *argument) {
    NEXT(pthread_create)
    if (is_to_fail(__builtin_return_address(0)))
        return EAGAIN;
    return next(thread, attributes, body, argument);
}
