// Futexes through the C library's `syscall`: waits, wakes, time-outs, refusals; and other calls, of which nothing may change.
#include "testing.h"
#include <linux/futex.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define ROUNDS 5

static unsigned ball, late, other, moved_from, moved_to, shared_word, first_word, second_word;
static unsigned asked_at, owned_word;
static int waits, handled;

static long wait_at(unsigned *word, unsigned value, const struct timespec *limit) {
    return syscall(SYS_futex, word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, value, limit);
}

static FRAME void wait_for_ball(unsigned before) {
    long long begin = now_ns();
    announce(&waits);
    while (__atomic_load_n(&ball, __ATOMIC_ACQUIRE) == before)
        CHECK(wait_at(&ball, before, NULL) == 0);
    truth("wait_ns", now_ns() - begin);
}

static FRAME void throw_ball(void) {
    __atomic_add_fetch(&ball, 1, __ATOMIC_RELEASE);
    CHECK(syscall(SYS_futex, &ball, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1) == 1);
}

static void *catcher(void *unused) {
    for (unsigned i = 0; i < ROUNDS; i++)
        wait_for_ball(i);
    return unused;
}

static FRAME void run_out_of_time(void) {
    struct timespec limit = {0, 30000000};
    long long begin = now_ns();
    errno = 7;
    CHECK(wait_at(&late, 0, &limit) == -1 && errno == ETIMEDOUT);
    truth("late_ns", now_ns() - begin);
}

// By an absolute time and with all six arguments, of which the last is looked at.
static FRAME void run_out_of_clock(void) {
    struct timespec until = in_ms(CLOCK_REALTIME, 30);
    int operation = FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME;
    CHECK(syscall(SYS_futex, &late, operation, 0, &until, NULL, 0) == -1 && errno == EINVAL);
    CHECK(syscall(SYS_futex, &late, operation, 0, &until, NULL, 4) == -1 && errno == ETIMEDOUT);
}

static FRAME void be_refused(void) {
    for (int i = 0; i < 10; i++) {
        CHECK(wait_at(&other, 1, NULL) == -1 && errno == EAGAIN);
        CHECK(syscall(SYS_futex, (char *)&other + 1, FUTEX_WAIT, 0, NULL) == -1 && errno == EINVAL);
        CHECK(syscall(SYS_futex, NULL, FUTEX_WAIT, 0, NULL) == -1 && errno == EFAULT);
        CHECK(syscall(SYS_futex, &other, 99, 0, NULL) == -1 && errno == ENOSYS);
        errno = 7;
        CHECK(syscall(SYS_futex, &other, FUTEX_WAKE, 1) == 0 && errno == 7);
    }
}

static void on_signal(int number) {
    (void)number;
    handled++;
}

static FRAME void be_interrupted(void) {
    long long begin = now_ns();
    CHECK(wait_at(&other, 0, NULL) == -1 && errno == EINTR);
    truth("interrupted_ns", now_ns() - begin);
}

static int about_to_wait;

static void *interrupted(void *unused) {
    announce(&about_to_wait);
    be_interrupted();
    return unused;
}

// Moved to another word and woken there: the waker is not known, the wait is.
static FRAME void be_moved(void) { CHECK(wait_at(&moved_from, 0, NULL) == 0); }

static void *moved(void *unused) {
    be_moved();
    return unused;
}

static FRAME void move_and_wake(void) {
    int operation = FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG;
    while (syscall(SYS_futex, &moved_from, operation, 0, 1L, &moved_to, 0) != 1)
        usleep(1000);
    sleep_ms(20);
    CHECK(syscall(SYS_futex, &moved_to, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1) == 1);
}

// All six arguments of other calls arrive, and so do answers and errno.
static FRAME void call_the_system(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    char direct[64];
    CHECK(pread(file, direct, sizeof direct, (off_t)page) == sizeof direct);
    long address = syscall(SYS_mmap, NULL, page, PROT_READ, MAP_PRIVATE, file, (long)page);
    CHECK(address != -1 && memcmp((void *)address, direct, sizeof direct) == 0);
    CHECK(syscall(SYS_munmap, address, page) == 0);
    CHECK(syscall(SYS_close, file) == 0);
    errno = 7;
    CHECK(syscall(SYS_getpid) == getpid() && errno == 7);
    CHECK(syscall(SYS_close, -1) == -1 && errno == EBADF);
    CHECK(syscall(-1) == -1 && errno == ENOSYS);
    // A number is an int to the kernel.
    CHECK(syscall(SYS_getpid | 1L << 32) == getpid());
    pid_t child = (pid_t)syscall(SYS_fork);
    CHECK(child >= 0);
    if (child == 0)
        _exit(3);
    int status;
    CHECK(syscall(SYS_wait4, child, &status, 0, NULL) == child && WEXITSTATUS(status) == 3);
}

static FRAME void lock_by_priority(void) {
    CHECK(syscall(SYS_futex, &shared_word, FUTEX_LOCK_PI, 0, NULL) == 0);
    CHECK(shared_word == (unsigned)syscall(SYS_gettid));
    CHECK(syscall(SYS_futex, &shared_word, FUTEX_TRYLOCK_PI, 0, NULL) == -1 && errno == EDEADLK);
    CHECK(syscall(SYS_futex, &shared_word, FUTEX_UNLOCK_PI, 0, NULL) == 0);
}

// Waits in the kernel until whoever holds it gives it up.
static FRAME void wait_by_priority(void) {
    CHECK(syscall(SYS_futex, &shared_word, FUTEX_LOCK_PI, 0, NULL) == 0);
}

static FRAME void give_by_priority(void) {
    CHECK(syscall(SYS_futex, &shared_word, FUTEX_UNLOCK_PI, 0, NULL) == 0);
}

static void *by_priority(void *unused) {
    wait_by_priority();
    give_by_priority();
    return unused;
}

// The word says that somebody waits before they do so for good.
static FRAME void hold_by_priority(void) {
    CHECK(syscall(SYS_futex, &shared_word, FUTEX_LOCK_PI, 0, NULL) == 0);
    pthread_t thread = spawn("ByPriority", by_priority, NULL);
    while (!(__atomic_load_n(&shared_word, __ATOMIC_ACQUIRE) & FUTEX_WAITERS))
        usleep(1000);
    sleep_ms(20);
    give_by_priority();
    join(thread);
}

// As conditions with priorities: woken, a thread has the lock it was moved to.
static FRAME void wait_to_own(void) {
    CHECK(syscall(SYS_futex, &asked_at, FUTEX_WAIT_REQUEUE_PI, 0, NULL, &owned_word, 0) == 0);
    CHECK(syscall(SYS_futex, &owned_word, FUTEX_UNLOCK_PI, 0, NULL) == 0);
}

static void *owner(void *unused) {
    wait_to_own();
    return unused;
}

static FRAME void hand_over(void) {
    sleep_ms(20);
    while (syscall(SYS_futex, &asked_at, FUTEX_CMP_REQUEUE_PI, 1, 0L, &owned_word, 0) != 1)
        usleep(1000);
}

static struct futex_waitv at(unsigned *word) {
    struct futex_waitv one = {.uaddr = (uintptr_t)word, .flags = FUTEX_32 | FUTEX_PRIVATE_FLAG};
    return one;
}

static FRAME void wait_for_any(void) {
    struct futex_waitv list[] = {at(&first_word), at(&second_word)};
    errno = 7;
    CHECK(syscall(SYS_futex_waitv, list, 2, 0, NULL, 0) == 1 && errno == 7);
}

static void *waits_for_any(void *unused) {
    wait_for_any();
    return unused;
}

static void wake_second(void) {
    sleep_ms(20);
    while (syscall(SYS_futex, &second_word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1) != 1)
        usleep(1000);
}

static FRAME void wait_in_vain(void) {
    struct futex_waitv list[] = {at(&first_word), at(&second_word)};
    struct timespec until = in_ms(CLOCK_MONOTONIC, 30);
    long long begin = now_ns();
    CHECK(syscall(SYS_futex_waitv, list, 2, 0, &until, CLOCK_MONOTONIC) == -1 && errno == ETIMEDOUT);
    truth("in_vain_ns", now_ns() - begin);
    list[0].val = 1;
    CHECK(syscall(SYS_futex_waitv, list, 2, 0, NULL, 0) == -1 && errno == EAGAIN);
    CHECK(syscall(SYS_futex_waitv, NULL, 0, 0, NULL, 0) == -1 && errno == EINVAL);
    CHECK(syscall(SYS_futex_waitv, 16L, 2, 0, NULL, 0) == -1 && errno == EFAULT);
}

static void wait_for_many(void) {
    pthread_t thread = spawn("WaitsForAny", waits_for_any, NULL);
    wake_second();
    join(thread);
    wait_in_vain();
    thread = spawn("Owner", owner, NULL);
    hand_over();
    join(thread);
}

int main(void) {
    pthread_t thread = spawn("Catcher", catcher, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        await(&waits, i + 1);
        sleep_ms(20);
        throw_ball();
    }
    join(thread);
    run_out_of_time();
    run_out_of_clock();
    be_refused();
    struct sigaction action = {.sa_handler = on_signal};
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    thread = spawn("Interrupted", interrupted, NULL);
    await(&about_to_wait, 1);
    sleep_ms(30);
    CHECK(pthread_kill(thread, SIGUSR1) == 0);
    join(thread);
    printf("handled %d\n", handled);
    thread = spawn("Moved", moved, NULL);
    move_and_wake();
    join(thread);
    call_the_system();
    lock_by_priority();
    hold_by_priority();
    wait_for_many();
    return finish();
}
