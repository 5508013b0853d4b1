// A lock that one library initialises and another uses, after the first has gone; and locks that lie in libraries that go.
#include "testing.h"
#include <dlfcn.h>
#include <lockprof.h>

typedef pthread_mutex_t *make_function(void);
typedef void use_function(pthread_mutex_t *);

static void *symbol(void *library, const char *name) {
    void *found = dlsym(library, name);
    CHECK(found != NULL);
    return found;
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    void *maker = dlopen(argv[1], RTLD_NOW), *user = dlopen(argv[2], RTLD_NOW);
    CHECK(maker != NULL && user != NULL);
    pthread_mutex_t *lock = ((make_function *)symbol(maker, "lock_library_make"))();
    pthread_mutex_t *own = ((make_function *)symbol(maker, "lock_library_own"))();
    use_function *use = (use_function *)symbol(user, "lock_library_use");
    use(own);
    use_function *use_in_maker = (use_function *)symbol(maker, "lock_library_use");
    use_in_maker(lock);
    // What it is called is known from when somebody looked.
    lockprof_flush();
    CHECK(dlclose(maker) == 0);
    CHECK(dlopen(argv[1], RTLD_NOW | RTLD_NOLOAD) == NULL);
    use(lock);
    free(lock);
    return finish();
}
