// The last of two owners unlocks a mutex and unmaps its page while the other may still be leaving its unlock.
#include "testing.h"
#include <sched.h>
#include <sys/mman.h>

enum { ROUNDS = 3000 };

struct object {
    pthread_mutex_t lock;
    int owners;
};
static struct object *objects[ROUNDS];
static int arrived;

static FRAME void give_up(struct object *object) {
    CHECK(pthread_mutex_lock(&object->lock) == 0);
    int last = --object->owners == 0;
    CHECK(pthread_mutex_unlock(&object->lock) == 0);
    if (last)
        CHECK(munmap(object, 4096) == 0);
}

static void *owner(void *unused) {
    for (int i = 0; i < ROUNDS; i++) {
        announce(&arrived);
        while (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) < 2 * (i + 1))
            sched_yield();
        give_up(objects[i]);
    }
    return unused;
}

int main(void) {
    for (int i = 0; i < ROUNDS; i++) {
        objects[i] = (struct object *)mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(objects[i] != MAP_FAILED);
        CHECK(pthread_mutex_init(&objects[i]->lock, NULL) == 0);
        objects[i]->owners = 2;
    }
    pthread_t one = spawn("One", owner, NULL), two = spawn("Two", owner, NULL);
    join(one);
    join(two);
    return finish();
}
