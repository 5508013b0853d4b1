// Loads every library named on the command line while a thread is running; then that thread locks and uses them.
#include "testing.h"
#include <dlfcn.h>

enum { MOST = 64 };
static int (*touch[MOST])(void);
static int count, loaded, begun;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static FRAME void take_after_loading(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static void *older_thread(void *unused) {
    announce(&begun);
    await(&loaded, 1);
    for (int i = 0; i < 100; i++)
        take_after_loading();
    for (int i = 0; i < count; i++)
        CHECK(touch[i]() == 1);
    for (int i = 0; i < 100; i++)
        take_after_loading();
    return unused;
}

int main(int argc, char **argv) {
    pthread_t thread = spawn("Older", older_thread, NULL);
    await(&begun, 1);
    CHECK(argc > 1 && argc <= MOST);
    for (count = 0; count < argc - 1; count++) {
        void *library = dlopen(argv[count + 1], RTLD_NOW | RTLD_LOCAL);
        if (library == NULL)
            fprintf(stderr, "%s\n", dlerror());
        CHECK(library != NULL);
        *(void **)&touch[count] = dlsym(library, "tls_library_touch");
        CHECK(touch[count] != NULL);
    }
    announce(&loaded);
    join(thread);
    printf("loaded %d\n", count);
    return finish();
}
