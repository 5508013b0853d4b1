// A program without OpenMP that opens a library which has it, and another with one of its own, each for itself alone.
#include "testing.h"
#include <dlfcn.h>

static void run(const char *path, const char *function) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        fprintf(stderr, "%s\n", dlerror());
    CHECK(library != NULL);
    int (*body)(void) = (int (*)(void))dlsym(library, function);
    CHECK(body != NULL);
    CHECK(body() == 1);
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    run(argv[1], "run_library");
    run(argv[2], "run_foreign");
    run(argv[1], "run_library");
    return finish();
}
