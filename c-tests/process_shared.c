// A mutex in memory shared by a parent and its child, taken 100 times by each.
#include "testing.h"
#include <sys/mman.h>
#include <sys/wait.h>

struct page {
    pthread_mutex_t lock;
    int counter;
    int arrived;
};
static struct page *page;

static FRAME void take_shared(void) {
    CHECK(pthread_mutex_lock(&page->lock) == 0);
    page->counter++;
    CHECK(pthread_mutex_unlock(&page->lock) == 0);
}

static FRAME void parent_work(void) {
    for (int i = 0; i < 100; i++)
        take_shared();
}

static FRAME void child_work(void) {
    for (int i = 0; i < 100; i++)
        take_shared();
}

int main(void) {
    page = (struct page *)mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(page != MAP_FAILED);
    pthread_mutexattr_t attr;
    CHECK(pthread_mutexattr_init(&attr) == 0);
    CHECK(pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED) == 0);
    CHECK(pthread_mutex_init(&page->lock, &attr) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    meet(&page->arrived, 2);
    if (child == 0) {
        child_work();
        exit(0);
    }
    parent_work();
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    printf("taken %d\n", page->counter);
    return finish();
}
