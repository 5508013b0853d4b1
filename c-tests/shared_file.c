// A mutex in a file that two processes have at different addresses, fought for by both.
#include "testing.h"
#include <sys/mman.h>
#include <sys/wait.h>

enum { TIMES = 200, PAGE = 4096 };

struct page {
    pthread_mutex_t lock;
    int arrived;
};

static struct page *map(int fd, void *at) {
    struct page *page = mmap(at, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(page != MAP_FAILED);
    return page;
}

static FRAME void take_shared(struct page *page) {
    for (int i = 0; i < TIMES; i++) {
        CHECK(pthread_mutex_lock(&page->lock) == 0);
        CHECK(pthread_mutex_unlock(&page->lock) == 0);
    }
}

static FRAME void parent_work(struct page *page) { take_shared(page); }

static FRAME void child_work(struct page *page) { take_shared(page); }

int main(void) {
    int fd = open("shared.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && ftruncate(fd, PAGE) == 0);
    struct page *page = map(fd, NULL);
    pthread_mutexattr_t attr;
    CHECK(pthread_mutexattr_init(&attr) == 0);
    CHECK(pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED) == 0);
    CHECK(pthread_mutex_init(&page->lock, &attr) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        struct page *mine = map(fd, NULL);
        CHECK(mine != page);
        CHECK(munmap(page, PAGE) == 0);
        truth("child_address", (long long)mine);
        meet(&mine->arrived, 2);
        child_work(mine);
        exit(0);
    }
    truth("parent_address", (long long)page);
    meet(&page->arrived, 2);
    parent_work(page);
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    return finish();
}
