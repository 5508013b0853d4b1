// Takes no lock at all, in two threads.
#include "testing.h"

static void *work(void *unused) {
    free(malloc(100));
    return unused;
}

int main(void) {
    join(spawn("Idle", work, NULL));
    return finish();
}
