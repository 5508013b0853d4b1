// Whoever has waited for a semaphore unmaps its memory at once: nobody may touch it after the post.
#include "testing.h"
#include <semaphore.h>
#include <sys/mman.h>

enum { ROUNDS = 300 };

static FRAME void finish_job(sem_t *done) { CHECK(sem_post(done) == 0); }

static void *works(void *raw) {
    sem_t *volatile *jobs = (sem_t *volatile *)raw;
    for (int i = 0; i < ROUNDS; i++) {
        sem_t *done;
        while ((done = __atomic_load_n(&jobs[i], __ATOMIC_ACQUIRE)) == NULL)
            sched_yield();
        if (i % 3 == 0)
            usleep(100);
        finish_job(done);
    }
    return NULL;
}

static FRAME void wait_for_job(sem_t *done) { CHECK(sem_wait(done) == 0); }

int main(void) {
    static sem_t *jobs[ROUNDS];
    pthread_t worker = spawn("Worker", works, jobs);
    for (int i = 0; i < ROUNDS; i++) {
        sem_t *done = (sem_t *)mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(done != MAP_FAILED);
        CHECK(sem_init(done, 0, 0) == 0);
        __atomic_store_n(&jobs[i], done, __ATOMIC_RELEASE);
        wait_for_job(done);
        CHECK(sem_destroy(done) == 0);
        CHECK(munmap(done, 4096) == 0);
    }
    join(worker);
    return finish();
}
