// Locks for a while with a secret in its environment; then looks how often that stands in its own memory, beside where it was given.
//
// holds_secrets VARIABLE MILLISECONDS
#include "testing.h"

#define PIECE (1 << 16)

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
// Where memory is copied to, which is not looked at.
static char piece[PIECE + 256];

static FRAME void *take(void *until) {
    while (now_ns() < *(long long *)until) {
        CHECK(pthread_mutex_lock(&mutex) == 0);
        CHECK(pthread_mutex_unlock(&mutex) == 0);
        sleep_ms(1);
    }
    return NULL;
}

// In one mapping; what overlaps two pieces is found in the second.
static long copies_between(int memory, long begin, long end, const char *secret, size_t length) {
    long found = 0;
    size_t kept = 0;
    for (long at = begin; at < end; at += PIECE) {
        size_t wanted = end - at < PIECE ? (size_t)(end - at) : PIECE;
        ssize_t got = pread(memory, piece + kept, wanted, at);
        if (got <= 0)
            break;
        char *next = piece, *last = piece + kept + got;
        while ((next = memmem(next, (size_t)(last - next), secret, length)) != NULL) {
            found++;
            next += length;
        }
        kept = kept + (size_t)got < length - 1 ? kept + (size_t)got : length - 1;
        memmove(piece, last - kept, kept);
    }
    memset(piece, 0, sizeof piece);
    return found;
}

static long copies_of(const char *secret) {
    long found = 0, begin, end;
    char line[512], rights[8];
    FILE *maps = fopen("/proc/self/maps", "r");
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    CHECK(maps != NULL && memory >= 0);
    while (fgets(line, sizeof line, maps) != NULL) {
        CHECK(sscanf(line, "%lx-%lx %7s", &begin, &end, rights) == 3);
        int is_piece = begin < (long)(piece + sizeof piece) && (long)piece < end;
        if (rights[0] == 'r' && rights[1] == 'w' && !is_piece)
            found += copies_between(memory, begin, end, secret, strlen(secret));
    }
    close(memory);
    fclose(maps);
    return found;
}

int main(int count, char **arguments) {
    CHECK(count == 3 && getenv(arguments[1]) != NULL);
    long long until = now_ns() + strtoll(arguments[2], NULL, 10) * 1000000;
    join(spawn("Locks", take, &until));
    truth("copies", copies_of(getenv(arguments[1])));
    return finish();
}
