// Leaves critical sections by longjmp, and waits for a lock by siglongjmp from a signal handler; locks as before afterwards.
#include "testing.h"

#include <setjmp.h>
#include <signal.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, taken = PTHREAD_MUTEX_INITIALIZER;
static jmp_buf out_of_section;
static sigjmp_buf out_of_wait;
static int waiting;

static FRAME void jump_out_of_section(void) {
    CHECK(pthread_mutex_lock(&mutex) == 0);
    longjmp(out_of_section, 1);
}

static void handle(int unused) {
    (void)unused;
    siglongjmp(out_of_wait, 1);
}

static FRAME void jump_out_of_wait(void) {
    announce(&waiting);
    pthread_mutex_lock(&taken);
    CHECK(!"the lock was had");
}

static FRAME void take_as_before(void) {
    CHECK(pthread_mutex_lock(&mutex) == 0);
    CHECK(pthread_mutex_unlock(&mutex) == 0);
}

static void *body(void *unused) {
    for (volatile int i = 0; i < 20; i++) {
        if (sigsetjmp(out_of_wait, 1) == 0)
            jump_out_of_wait();
        take_as_before();
    }
    return unused;
}

int main(void) {
    struct sigaction action = {.sa_handler = handle};
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    for (volatile int i = 0; i < 20; i++) {
        if (setjmp(out_of_section) == 0)
            jump_out_of_section();
        CHECK(pthread_mutex_unlock(&mutex) == 0);
    }
    CHECK(pthread_mutex_lock(&taken) == 0);
    pthread_t thread = spawn("Jumps", body, NULL);
    for (int i = 1; i <= 20; i++) {
        await(&waiting, i);
        // Usually it waits by then; where not, it jumps from elsewhere.
        sleep_ms(1);
        CHECK(pthread_kill(thread, SIGUSR1) == 0);
    }
    join(thread);
    CHECK(pthread_mutex_unlock(&taken) == 0);
    return finish();
}
