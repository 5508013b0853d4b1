// A semaphore in shared memory and a named one, each taken 100 times by a parent and its child.
#include "testing.h"
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/wait.h>

struct page {
    sem_t lock;
    int counter, arrived;
};
static struct page *page;
static char name[64];

static FRAME void take_shared(void) {
    CHECK(sem_wait(&page->lock) == 0);
    page->counter++;
    CHECK(sem_post(&page->lock) == 0);
}

static FRAME void take_named(sem_t *named) {
    CHECK(sem_wait(named) == 0);
    page->counter++;
    CHECK(sem_post(named) == 0);
}

static FRAME void work(void) {
    sem_t *named = sem_open(name, 0);
    CHECK(named != SEM_FAILED);
    CHECK(sem_open(name, O_CREAT, 0600, 1) == named);
    meet(&page->arrived, 2);
    for (int i = 0; i < 100; i++) {
        take_shared();
        take_named(named);
    }
    CHECK(sem_close(named) == 0 && sem_close(named) == 0);
}

static FRAME void child_work(void) { work(); }
static FRAME void parent_work(void) { work(); }

int main(void) {
    page = (struct page *)mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(page != MAP_FAILED);
    CHECK(sem_init(&page->lock, 1, 1) == 0);
    snprintf(name, sizeof name, "/lockprof-test-%d", (int)getpid());
    sem_t *named = sem_open(name, O_CREAT | O_EXCL, 0600, 1);
    CHECK(named != SEM_FAILED);
    CHECK(sem_close(named) == 0);
    CHECK(sem_open(name, O_CREAT | O_EXCL, 0600, 1) == SEM_FAILED && errno == EEXIST);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        child_work();
        exit(0);
    }
    parent_work();
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(sem_unlink(name) == 0);
    CHECK(status == 0);
    // Neither lock guards the counter alone.
    printf("taken %s\n", page->counter <= 400 ? "both" : "too often");
    return finish();
}
