// Locks, allows itself only some system calls as servers do, and goes on locking: alone or beside threads.
#include "testing.h"
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { BEFORE = 500, BEHIND = 3000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t other = PTHREAD_RWLOCK_INITIALIZER;
static int filtered, ended;

// Where a program that may not even return from main ends.
static void say_and_end(void) {
    static const char said[] = "EXIT-SUCCESS\n";
    syscall(SYS_write, 1, said, sizeof said - 1);
    syscall(SYS_exit, 0);
}

static FRAME void take_before(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static FRAME void take_behind(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_rwlock_wrlock(&other) == 0);
    CHECK(pthread_rwlock_unlock(&other) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static void allow(scmp_filter_ctx filter, const char *name) {
    int number = seccomp_syscall_resolve_name(name);
    // Those of other processors have no number here.
    if (number >= 0)
        CHECK(seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0) == 0);
}

// What OpenSSH 9 leaves to the process that talks with somebody unknown: these, with memory that is
// never code; some are refused, and whatever else is called ends the process.
static void load_that_of_openssh(int of_all_threads) {
    static const char *const refused[] = {"lstat", "fstat",      "stat", "open",
                                          "openat", "newfstatat", "statx"};
    static const char *const allowed[] = {
        "brk",     "clock_gettime",   "close",     "exit",     "exit_group",   "futex",
        "geteuid", "getpgid",         "getpid",    "getrandom", "gettid",      "gettimeofday",
        "getuid",  "mremap",          "munmap",    "nanosleep", "clock_nanosleep", "poll",
        "ppoll",   "pselect6",        "read",      "rt_sigprocmask", "select", "shutdown",
        "time",    "write",           "writev",
    };
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    CHECK(filter != NULL);
    for (size_t i = 0; i < LENGTH(refused); i++)
        CHECK(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES),
                               seccomp_syscall_resolve_name(refused[i]), 0) == 0);
    for (size_t i = 0; i < LENGTH(allowed); i++)
        allow(filter, allowed[i]);
    CHECK(seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                           SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0);
    CHECK(seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(madvise), 1,
                           SCMP_A2(SCMP_CMP_EQ, MADV_DONTNEED)) == 0);
    CHECK(seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, (uint32_t)of_all_threads) == 0);
    CHECK(seccomp_load(filter) == 0);
    seccomp_release(filter);
}

// Allows what is in a list, a name a line.
static void load_list(const char *path, uint32_t otherwise) {
    FILE *list = fopen(path, "re");
    CHECK(list != NULL);
    scmp_filter_ctx filter = seccomp_init(otherwise);
    CHECK(filter != NULL);
    char name[64];
    while (fscanf(list, "%63s", name) == 1)
        allow(filter, name);
    fclose(list);
    CHECK(seccomp_load(filter) == 0);
    seccomp_release(filter);
}

static void *stays(void *unused) {
    while (!__atomic_load_n(&ended, __ATOMIC_ACQUIRE)) {
        if (__atomic_load_n(&filtered, __ATOMIC_ACQUIRE))
            take_behind();
        else
            take_before();
        sleep_ms(1);
    }
    return unused;
}

// What programs ask to learn whether there are filters: refused, and nothing has changed.
static void ask(void) {
    CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) == -1 && errno == EFAULT);
    CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, 16) == -1 && errno == EFAULT);
    CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 1, NULL) == -1 && errno == EINVAL);
    CHECK(prctl(PR_SET_SECCOMP, 77, NULL) == -1 && errno == EINVAL);
}

// A child that shares our memory, as one that is about to start another program.
static void filter_a_child(void) {
    pid_t child = vfork();
    if (child == 0) {
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
        syscall(SYS_exit, 0);
    }
    int status;
    CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
}

// Whatever the program is: which filter, a list for some, and `threads` for others beside it.
int main(int count, char **arguments) {
    CHECK(count >= 2);
    const char *which = arguments[1], *list = count > 2 ? arguments[2] : "";
    int has_threads = strcmp(arguments[count - 1], "threads") == 0;
    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    ask();
    filter_a_child();
    pthread_t one = 0;
    if (has_threads)
        one = spawn("Stays", stays, NULL);
    for (int i = 0; i < BEFORE; i++)
        take_before();
    truth("before", BEFORE);
    if (has_threads)
        // So that a thread of the profiler's is there, too.
        sleep_ms(50);
    if (strcmp(which, "strict") == 0)
        CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0);
    else if (strcmp(which, "openssh") == 0)
        load_that_of_openssh(has_threads);
    else if (strcmp(which, "service") == 0)
        load_list(list, SCMP_ACT_KILL_PROCESS);
    else if (strcmp(which, "container") == 0)
        load_list(list, SCMP_ACT_ERRNO(EPERM));
    __atomic_store_n(&filtered, 1, __ATOMIC_RELEASE);
    for (int i = 0; i < BEHIND; i++)
        take_behind();
    if (strcmp(which, "strict") == 0)
        say_and_end();
    __atomic_store_n(&ended, 1, __ATOMIC_RELEASE);
    if (has_threads)
        join(one);
    return finish();
}
