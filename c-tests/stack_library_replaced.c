// A library locks and is closed; another one comes to its place, with larger frames, and locks too.
#include "testing.h"
#include <dlfcn.h>

typedef void take_function(pthread_mutex_t *lock, int argument);

static pthread_mutex_t first_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t second_lock = PTHREAD_MUTEX_INITIALIZER;

static FRAME void *load(const char *path) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        fprintf(stderr, "%s\n", dlerror());
    CHECK(library != NULL);
    return library;
}

static FRAME void *use_library(void *library, pthread_mutex_t *lock) {
    void *address = dlsym(library, "take_in_library");
    CHECK(address != NULL);
    for (int i = 0; i < 10; i++)
        ((take_function *)address)(lock, i);
    return address;
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    void *library = load(argv[1]);
    void *first = use_library(library, &first_lock);
    CHECK(dlclose(library) == 0);
    void *second = use_library(load(argv[2]), &second_lock);
    truth("at_the_same_place", first == second);
    return finish();
}
