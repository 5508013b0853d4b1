// Threads of real-time priority lock on one processor, for longer than the queue is: some that wait for each other, one that inherits priorities. Tells what sort of thread each is.
#include "testing.h"
#include <dirent.h>
#include <sched.h>

#define TURNS 20000

static pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER, inheriting;
static long counted;

static FRAME void take_both(void) {
    CHECK(pthread_mutex_lock(&inheriting) == 0);
    CHECK(pthread_mutex_lock(&plain) == 0);
    counted++;
    CHECK(pthread_mutex_unlock(&plain) == 0);
    CHECK(pthread_mutex_unlock(&inheriting) == 0);
}

static FRAME void *work(void *unused) {
    for (int i = 0; i < TURNS; i++)
        take_both();
    return unused;
}

// Threads that are not of the program's names, and are of real time: none of its own is.
static long foreign_in_real_time(void) {
    long found = 0;
    DIR *folder = opendir("/proc/self/task");
    CHECK(folder != NULL);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char path[64], name[32] = "";
        snprintf(path, sizeof path, "/proc/self/task/%.20s/comm", entry->d_name);
        FILE *file = fopen(path, "r");
        if (file == NULL)
            continue;
        CHECK(fgets(name, sizeof name, file) != NULL);
        fclose(file);
        if (strncmp(name, "lockprof", 8) == 0 && strncmp(name, "lockprof-", 9) != 0)
            found += sched_getscheduler(atoi(entry->d_name)) != SCHED_OTHER;
    }
    closedir(folder);
    return found;
}

int main(void) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
    struct sched_param priority = {10};
    CHECK(sched_setscheduler(0, SCHED_FIFO, &priority) == 0);
    pthread_mutexattr_t attributes;
    CHECK(pthread_mutexattr_init(&attributes) == 0);
    CHECK(pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT) == 0);
    CHECK(pthread_mutex_init(&inheriting, &attributes) == 0);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        threads[i] = spawn("Works", work, NULL);
    for (int i = 0; i < 3; i++)
        join(threads[i]);
    CHECK(counted == 3 * TURNS);
    // It gives way to ordinary threads, ours among them, before it looks.
    sleep_ms(50);
    truth("foreign_in_real_time", foreign_in_real_time());
    return finish();
}
