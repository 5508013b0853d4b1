// Opens a library by the name in its argument, in the middle of its life, closes it again and goes on locking.
#include "testing.h"

#include <dlfcn.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void *body(void *unused) {
    for (int i = 0; i < 1000; i++) {
        CHECK(pthread_mutex_lock(&mutex) == 0);
        CHECK(pthread_mutex_unlock(&mutex) == 0);
    }
    return unused;
}

int main(int count, char **arguments) {
    pthread_t before = spawn("Before", body, NULL);
    void *library = count > 1 ? dlopen(arguments[1], RTLD_NOW | RTLD_GLOBAL) : NULL;
    CHECK(count < 2 || library != NULL);
    join(spawn("While", body, NULL));
    if (library != NULL)
        CHECK(dlclose(library) == 0);
    join(before);
    join(spawn("After", body, NULL));
    return finish();
}
