// Prints what a process can see of itself, before and after it locks: signals, timers, threads, descriptors.
#include "testing.h"
#include <dirent.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void print_entries(const char *what, const char *directory) {
    int count = 0;
    DIR *open_directory = opendir(directory);
    CHECK(open_directory != NULL);
    printf("%s:", what);
    for (struct dirent *entry; (entry = readdir(open_directory)) != NULL;) {
        int number = atoi(entry->d_name);
        if (entry->d_name[0] == '.' || number == dirfd(open_directory))
            continue;
        count++;
        if (strcmp(what, "descriptors") == 0)
            printf(" %d", number);
    }
    printf(" (%d)\n", count);
    closedir(open_directory);
}

static void print_signals(void) {
    sigset_t mask, pending;
    CHECK(sigprocmask(SIG_SETMASK, NULL, &mask) == 0);
    CHECK(sigpending(&pending) == 0);
    for (int number = 1; number < 65; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) != 0)
            continue;
        if (action.sa_handler != SIG_DFL || sigismember(&mask, number) == 1 ||
            sigismember(&pending, number) == 1)
            printf("signal %d: %s, blocked %d, pending %d\n", number,
                   action.sa_handler == SIG_IGN ? "ignored" : "handled", sigismember(&mask, number),
                   sigismember(&pending, number));
    }
}

static void print_timers(void) {
    for (int which = ITIMER_REAL; which <= ITIMER_PROF; which++) {
        struct itimerval timer;
        CHECK(getitimer((enum __itimer_which)which, &timer) == 0);
        printf("timer %d: %ld %ld\n", which, (long)timer.it_value.tv_sec,
               (long)timer.it_interval.tv_sec);
    }
}

static void print_all(void) {
    char name[16] = "";
    CHECK(prctl(PR_GET_NAME, name) == 0);
    mode_t mask = umask(0);
    umask(mask);
    stack_t alternate;
    CHECK(sigaltstack(NULL, &alternate) == 0);
    struct rlimit limit;
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    printf("name %s, umask %o, nice %d, alternate stack %d, files %ld, dumpable %d\n", name, mask,
           getpriority(PRIO_PROCESS, 0), (int)alternate.ss_flags, (long)limit.rlim_cur,
           prctl(PR_GET_DUMPABLE));
    print_signals();
    print_timers();
    print_entries("descriptors", "/proc/self/fd");
    print_entries("threads", "/proc/self/task");
}

static void *work(void *unused) {
    for (int i = 0; i < 1000; i++) {
        CHECK(pthread_mutex_lock(&lock) == 0);
        CHECK(pthread_mutex_unlock(&lock) == 0);
    }
    return unused;
}

int main(void) {
    print_all();
    work(NULL);
    print_all();
    join(spawn("Worker", work, NULL));
    sleep_ms(50);
    print_signals();
    print_timers();
    print_entries("descriptors", "/proc/self/fd");
    return finish();
}
