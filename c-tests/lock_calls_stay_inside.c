// While a lock call runs, nobody may enter the program's allocator or look up thread-local storage.
#include "testing.h"
#include <dlfcn.h>
#include <semaphore.h>
#include <threads.h>

static __thread volatile int locking __attribute__((tls_model("local-exec")));
static int entered_malloc, entered_tls;

static pthread_mutex_t shared = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static mtx_t c11_lock;
static sem_t semaphore;
static int arrived;

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void __libc_free(void *old);

void *malloc(size_t size) {
    entered_malloc += locking;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    entered_malloc += locking;
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    entered_malloc += locking;
    return __libc_realloc(old, size);
}

void free(void *old) {
    entered_malloc += locking;
    __libc_free(old);
}

static void *(*real_tls_get_addr)(void *);

void *__tls_get_addr(void *index) {
    entered_tls += locking;
    if (real_tls_get_addr == NULL)
        *(void **)&real_tls_get_addr = dlsym(RTLD_NEXT, "__tls_get_addr");
    return real_tls_get_addr(index);
}

// The call, watched.
#define WATCH(expected, call)                                                                   \
    do {                                                                                        \
        locking = 1;                                                                            \
        int result_ = (call);                                                                   \
        locking = 0;                                                                            \
        CHECK(result_ == (expected));                                                           \
    } while (0)

static FRAME void call_all(void) {
    struct timespec past = {0, 0}, later = in_ms(CLOCK_REALTIME, 10000);
    pthread_mutex_t fresh;
    WATCH(0, pthread_mutex_init(&fresh, NULL));
    WATCH(0, pthread_mutex_lock(&fresh));
    WATCH(EBUSY, pthread_mutex_trylock(&fresh));
    WATCH(ETIMEDOUT, pthread_mutex_timedlock(&fresh, &past));
    WATCH(ETIMEDOUT, pthread_cond_timedwait(&condition, &fresh, &past));
    WATCH(0, pthread_mutex_unlock(&fresh));
    WATCH(0, pthread_mutex_timedlock(&fresh, &later));
    WATCH(0, pthread_mutex_unlock(&fresh));
    WATCH(0, pthread_mutex_destroy(&fresh));
    WATCH(thrd_success, mtx_lock(&c11_lock));
    WATCH(thrd_success, mtx_unlock(&c11_lock));
    WATCH(0, pthread_mutex_lock(&shared));
    WATCH(0, pthread_mutex_lock(&shared));
    WATCH(0, pthread_mutex_unlock(&shared));
    WATCH(0, pthread_mutex_unlock(&shared));
    WATCH(0, pthread_mutex_lock(&plain));
    if (arrived % 8 == 0)
        usleep(50);
    WATCH(0, pthread_mutex_unlock(&plain));
}

static FRAME void call_semaphores(void) {
    struct timespec past = {0, 0};
    sem_t fresh;
    WATCH(0, sem_init(&fresh, 0, 1));
    WATCH(0, sem_wait(&fresh));
    WATCH(-1, sem_trywait(&fresh));
    WATCH(-1, sem_timedwait(&fresh, &past));
    WATCH(0, sem_post(&fresh));
    WATCH(0, sem_destroy(&fresh));
    WATCH(0, sem_wait(&semaphore));
    if (arrived % 8 == 0)
        usleep(50);
    WATCH(0, sem_post(&semaphore));
}

static void *work(void *unused) {
    meet(&arrived, 4);
    for (int i = 0; i < 2000; i++) {
        call_all();
        call_semaphores();
    }
    return unused;
}

int main(void) {
    CHECK(mtx_init(&c11_lock, mtx_plain) == thrd_success);
    CHECK(sem_init(&semaphore, 0, 1) == 0);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        threads[i] = spawn("Watched", work, NULL);
    for (int i = 0; i < 4; i++)
        join(threads[i]);
    printf("allocator entered %d, thread-local storage looked up %d\n", entered_malloc, entered_tls);
    return finish();
}
