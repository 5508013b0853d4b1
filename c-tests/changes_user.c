// Begins as root with a thread, becomes another user as servers do, and locks on; waits to be told to end where a file for that is named.
//
// changes_user USER keeps|drops|hides|roots [FILE]: keeps its capabilities, drops them, cannot be looked into
// besides, or goes behind a new root besides.
#include "testing.h"
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int ready, changed, over;

static FRAME void take_before(void) {
    CHECK(pthread_mutex_lock(&mutex) == 0);
    CHECK(pthread_mutex_unlock(&mutex) == 0);
}

static FRAME void take_afterwards(void) {
    CHECK(pthread_mutex_lock(&mutex) == 0);
    CHECK(pthread_mutex_unlock(&mutex) == 0);
}

static FRAME void *serve(void *unused) {
    for (int i = 0; i < 100; i++)
        take_before();
    announce(&ready);
    await(&changed, 1);
    for (int i = 0; i < 100; i++)
        take_afterwards();
    announce(&over);
    return unused;
}

// Of the calling thread, as the kernel has them; the C library does not offer it.
static void raise_capabilities(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    CHECK(syscall(SYS_capget, &header, data) == 0);
    data[0].effective = data[0].permitted;
    data[1].effective = data[1].permitted;
    CHECK(syscall(SYS_capset, &header, data) == 0);
}

static FRAME void become(unsigned user, const char *how) {
    if (strcmp(how, "roots") == 0)
        CHECK(chroot(".") == 0 && chdir("/") == 0);
    if (strcmp(how, "keeps") == 0)
        CHECK(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0);
    CHECK(setgroups(0, NULL) == 0 && setgid(user) == 0 && setuid(user) == 0);
    if (strcmp(how, "keeps") == 0)
        raise_capabilities();
    CHECK(prctl(PR_SET_DUMPABLE, strcmp(how, "hides") != 0, 0, 0, 0) == 0);
}

int main(int count, char **arguments) {
    CHECK(count > 2);
    pthread_t thread = spawn("Serves", serve, NULL);
    await(&ready, 1);
    become((unsigned)strtoul(arguments[1], NULL, 10), arguments[2]);
    announce(&changed);
    await(&over, 1);
    while (count > 3 && access(arguments[3], F_OK) == 0)
        sleep_ms(5);
    join(thread);
    return finish();
}
