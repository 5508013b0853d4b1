// Locks in many places, makes and ends threads, opens and closes a library and has children, over and over; tells what memory and descriptors it had meanwhile.
//
// lives_long ROUNDS PAUSE_US LIBRARY
#include "testing.h"
#include "../include/lockprof.h"

#include <dirent.h>
#include <dlfcn.h>
#include <malloc.h>
#include <semaphore.h>
#include <sys/wait.h>

#define THREADS 4
#define LOOKS 16
#define DEPTHS 48

static pthread_mutex_t fixed[3] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER,
                                   PTHREAD_MUTEX_INITIALIZER};
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_mutex_t waited = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static long round_now, turns;
static const char *library;

// A stack of its own for each depth.
static FRAME void take_below(int depth, pthread_mutex_t *mutex) {
    if (depth > 0) {
        take_below(depth - 1, mutex);
        __asm__ volatile("");
        return;
    }
    CHECK(pthread_mutex_lock(mutex) == 0);
    if (round_now % 7 == 0)
        spin_ns(20000);
    CHECK(pthread_mutex_unlock(mutex) == 0);
}

static FRAME void take_turns(void) {
    CHECK(pthread_mutex_lock(&waited) == 0);
    turns++;
    CHECK(pthread_cond_broadcast(&condition) == 0);
    while (turns % THREADS != 0 && turns < (round_now + 1) * THREADS)
        CHECK(pthread_cond_wait(&condition, &waited) == 0);
    CHECK(pthread_mutex_unlock(&waited) == 0);
}

static FRAME void *live_shortly(void *number) {
    long me = (long)number;
    for (int i = 0; i < 3; i++)
        take_below((int)((round_now + me) % DEPTHS), &fixed[i]);
    // A lock of its own that is gone afterwards.
    pthread_mutex_t *own = malloc(sizeof *own);
    sem_t semaphore;
    CHECK(own != NULL && pthread_mutex_init(own, NULL) == 0 && sem_init(&semaphore, 0, 1) == 0);
    take_below(1, own);
    CHECK(sem_wait(&semaphore) == 0 && sem_post(&semaphore) == 0);
    CHECK(pthread_rwlock_rdlock(&rwlock) == 0 && pthread_rwlock_unlock(&rwlock) == 0);
    CHECK(pthread_mutex_destroy(own) == 0 && sem_destroy(&semaphore) == 0);
    free(own);
    take_turns();
    return NULL;
}

static void have_child(void) {
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        take_below(3, &fixed[0]);
        _exit(0);
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void open_and_close(void) {
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    CHECK(handle != NULL && dlclose(handle) == 0);
}

static void live_one_round(long pause_us) {
    pthread_t threads[THREADS];
    char name[16];
    for (long i = 0; i < THREADS; i++) {
        snprintf(name, sizeof name, "T%ld", round_now * THREADS + i);
        threads[i] = spawn(name, live_shortly, (void *)i);
    }
    for (int i = 0; i < THREADS; i++)
        join(threads[i]);
    if (round_now % 16 == 0)
        open_and_close();
    if (round_now % 64 == 0)
        have_child();
    if (round_now % 128 == 0)
        lockprof_flush();
    if (pause_us > 0)
        sleep_ns(pause_us * 1000);
}

static long kib_of(const char *path, const char *key) {
    char line[256];
    long kib = -1;
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    while (kib < 0 && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, key, strlen(key)) == 0)
            kib = strtol(line + strlen(key), NULL, 10);
    fclose(file);
    return kib;
}

static long entries_of(const char *path) {
    long count = 0;
    DIR *folder = opendir(path);
    CHECK(folder != NULL);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static long lines_of(const char *path) {
    long lines = 0;
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    for (int c; (c = fgetc(file)) != EOF;)
        lines += c == '\n';
    fclose(file);
    return lines;
}

static void look(void) {
    lockprof_flush();
    truth("resident_kib", kib_of("/proc/self/status", "RssAnon:"));
    truth("own_kib", (long)(mallinfo2().uordblks / 1024));
    truth("descriptors", entries_of("/proc/self/fd"));
    truth("mappings", lines_of("/proc/self/maps"));
}

int main(int count, char **arguments) {
    CHECK(count == 4);
    long rounds = strtol(arguments[1], NULL, 10), pause_us = strtol(arguments[2], NULL, 10);
    library = arguments[3];
    // One heap, so that what the program itself keeps does not depend on chance.
    CHECK(mallopt(M_ARENA_MAX, 1) == 1);
    for (; round_now < rounds; round_now++) {
        live_one_round(pause_us);
        if ((round_now + 1) % (rounds / LOOKS) == 0)
            look();
    }
    return finish();
}
