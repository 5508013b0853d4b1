// A program whose own malloc takes an error-checking mutex: whoever allocates inside a lock call ends it.
#include "testing.h"
#include <malloc.h>

static pthread_mutex_t heap_lock = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
static pthread_mutex_t work_lock = PTHREAD_MUTEX_INITIALIZER;
static _Alignas(16) char heap[64 << 20];
static size_t used;
static __thread int inside __attribute__((tls_model("initial-exec")));

static FRAME void *take_from_heap(size_t size, size_t alignment) {
    int failed = pthread_mutex_lock(&heap_lock);
    if (failed || inside)
        abort();
    inside = 1;
    size_t begin = (used + 16 + alignment - 1) & ~(alignment - 1);
    if (begin + size > sizeof heap)
        abort();
    used = begin + size;
    *(size_t *)(heap + begin - 16) = size;
    inside = 0;
    if (pthread_mutex_unlock(&heap_lock) != 0)
        abort();
    return heap + begin;
}

void *malloc(size_t size) { return take_from_heap(size, 16); }

void *calloc(size_t count, size_t size) { return take_from_heap(count * size, 16); }

void *realloc(void *old, size_t size) {
    void *fresh = take_from_heap(size, 16);
    if (old != NULL) {
        size_t had = *(size_t *)((char *)old - 16);
        memcpy(fresh, old, had < size ? had : size);
    }
    return fresh;
}

void *memalign(size_t alignment, size_t size) {
    return take_from_heap(size, alignment < 16 ? 16 : alignment);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **where, size_t alignment, size_t size) {
    *where = memalign(alignment, size);
    return 0;
}

void free(void *old) {
    if (old != NULL) {
        if (pthread_mutex_lock(&heap_lock) != 0 || inside)
            abort();
        if (pthread_mutex_unlock(&heap_lock) != 0)
            abort();
    }
}

static FRAME void take_and_allocate(void) {
    CHECK(pthread_mutex_lock(&work_lock) == 0);
    void *volatile block = malloc(100);
    free(block);
    CHECK(pthread_mutex_unlock(&work_lock) == 0);
}

static void *work(void *unused) {
    for (int i = 0; i < 100; i++)
        take_and_allocate();
    return unused;
}

int main(void) {
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        threads[i] = spawn("Worker", work, NULL);
    for (int i = 0; i < 4; i++)
        join(threads[i]);
    return finish();
}
