// Threads cancelled asynchronously while they wait by futex, and in a lock on a file: C++ is unwound, and nothing is left behind.
#include "testing.h"
#include <linux/futex.h>
#include <sys/file.h>
#include <sys/syscall.h>

static unsigned never;
static int ready, unwound;
static const char *path;

struct Unwinding {
    ~Unwinding() { announce(&unwound); }
};

static FRAME void wait_for_ever() { syscall(SYS_futex, &never, FUTEX_WAIT, 0, NULL); }

static int opened() {
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK(file >= 0);
    return file;
}

// A place of cancellation, whether it has to wait or not.
static FRAME void wait_for_file() {
    struct flock lock = {};
    lock.l_type = F_WRLCK;
    fcntl(opened(), F_OFD_SETLKW, &lock);
}

// None: only asynchronous cancellation ends it.
static FRAME void wait_for_flock() { flock(opened(), LOCK_EX); }

struct Variant {
    void (*wait)();
    bool is_asynchronous;
};

static FRAME void *waits(void *raw) {
    const Variant *variant = (const Variant *)raw;
    Unwinding here;
    if (variant->is_asynchronous)
        CHECK(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL) == 0);
    announce(&ready);
    variant->wait();
    return NULL;
}

static FRAME void lock_afterwards() {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

int main() {
    path = "locked";
    int held = opened();
    struct flock lock = {};
    lock.l_type = F_WRLCK;
    CHECK(fcntl(held, F_OFD_SETLKW, &lock) == 0 && flock(held, LOCK_EX) == 0);
    Variant variants[] = {
        {wait_for_ever, true}, {wait_for_file, false}, {wait_for_file, true}, {wait_for_flock, true}};
    for (unsigned i = 0; i < LENGTH(variants); i++) {
        pthread_t thread = spawn("Cancelled", waits, &variants[i]);
        await(&ready, (int)i + 1);
        sleep_ms(50);
        CHECK(pthread_cancel(thread) == 0);
        void *result;
        CHECK(pthread_join(thread, &result) == 0);
        CHECK(result == PTHREAD_CANCELED);
        lock_afterwards();
    }
    printf("unwound %d\n", unwound);
    return finish();
}
