// Locks with odd names of their own: quotes and newlines, another script, nothing at all, 64 KiB, bytes that are no text; and one that is named twice.
#include "testing.h"
#include <lockprof.h>

enum { LOCKS = 8, LONG = 65536 };

static pthread_mutex_t locks[LOCKS];
static char name[LONG + 1];

static FRAME void use(pthread_mutex_t *lock, int times) {
    for (int i = 0; i < times; i++) {
        CHECK(pthread_mutex_lock(lock) == 0);
        CHECK(pthread_mutex_unlock(lock) == 0);
    }
}

// A name of this many times this text.
static const char *many(const char *start, const char *text, int times) {
    char *end = stpcpy(name, start);
    for (int i = 0; i < times; i++)
        end = stpcpy(end, text);
    return name;
}

int main(void) {
    lockprof_name_lock(&locks[0], "\"quoted\"; <b>&amp;\\ 'x'");
    lockprof_name_lock(&locks[1], "two\nlines\tand a tab\r");
    lockprof_name_lock(&locks[2], "\xe9\x94\x81 \xd0\xb7\xd0\xb0\xd0\xbc\xd0\xbe\xd0\xba");
    lockprof_name_lock(&locks[3], "");
    lockprof_name_lock(&locks[4], many("", "x", LONG));
    // Two bytes each, from an odd place on: the 200th byte is the first of two.
    lockprof_name_lock(&locks[5], many("a", "\xc3\xa9", 150));
    lockprof_name_lock(&locks[6], "no \xff text");
    lockprof_name_lock(&locks[7], "before");
    use(&locks[7], 1);
    lockprof_name_lock(&locks[7], "after");
    for (int i = 0; i < LOCKS; i++)
        use(&locks[i], 10 + i);
    return finish();
}
