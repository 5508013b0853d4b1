// A thread (or, with an argument, the whole program) locks behind a system call filter like that of a browser's sandbox.
#include "testing.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t wanted = PTHREAD_MUTEX_INITIALIZER;
static int arrived;

#define ON(number, what)                                                                        \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), BPF_STMT(BPF_RET | BPF_K, (what))
#define KILL(call) ON(SYS_##call, SECCOMP_RET_KILL_PROCESS)
#define REFUSE(call) ON(SYS_##call, SECCOMP_RET_ERRNO | EPERM)

// What kills a sandboxed renderer at once, and what it is refused.
static void enter_sandbox(void) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        KILL(getcpu),        KILL(getrusage),      KILL(msync),
        KILL(membarrier),    KILL(timer_create),   KILL(process_vm_readv),
        KILL(perf_event_open), KILL(ptrace),       REFUSE(open),
        REFUSE(openat),      REFUSE(stat),         REFUSE(newfstatat),
        REFUSE(statx),       REFUSE(readlink),     REFUSE(readlinkat),
        REFUSE(rename),      REFUSE(renameat),     REFUSE(renameat2),
        REFUSE(unlink),      REFUSE(unlinkat),     REFUSE(mkdir),
        REFUSE(socket),      REFUSE(setitimer),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {LENGTH(filter), filter};
    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static FRAME void take_in_sandbox(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static FRAME void wait_in_sandbox(void) {
    CHECK(pthread_mutex_lock(&wanted) == 0);
    sleep_ms(2);
    CHECK(pthread_mutex_unlock(&wanted) == 0);
}

static void *work(void *whole_program) {
    if (whole_program == NULL)
        enter_sandbox();
    meet(&arrived, 2);
    for (int i = 0; i < 5; i++)
        wait_in_sandbox();
    for (int i = 0; i < 200; i++)
        take_in_sandbox();
    return NULL;
}

int main(int argc, char **argv) {
    void *whole_program = argc > 1 ? argv[1] : NULL;
    if (whole_program != NULL)
        enter_sandbox();
    pthread_t one = spawn("One", work, whole_program), two = spawn("Two", work, whole_program);
    join(one);
    join(two);
    return finish();
}
