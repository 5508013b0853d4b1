// Locks itself, and through a library whose calls are bound past every preloaded one.
#include "testing.h"
#include <dlfcn.h>

static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;

static FRAME void take_in_program(void) {
    CHECK(pthread_mutex_lock(&shared_lock) == 0);
    CHECK(pthread_mutex_unlock(&shared_lock) == 0);
}

int main(int count, char **arguments) {
    CHECK(count == 2);
    void *library = dlopen(arguments[1], RTLD_NOW | RTLD_DEEPBIND);
    CHECK(library != NULL);
    void (*take_in_library)(pthread_mutex_t *);
    *(void **)&take_in_library = dlsym(library, "take_in_library");
    CHECK(take_in_library != NULL);
    for (int i = 0; i < 10; i++) {
        take_in_program();
        take_in_library(&shared_lock);
    }
    return finish();
}
