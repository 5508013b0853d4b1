// Takes a mutex while everything above its frame, return addresses and frame pointers, is overwritten; then repairs it.
#include "testing.h"
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>

enum { WORDS = 200 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uintptr_t saved[WORDS];
static uintptr_t unreadable, signal_return;

static FRAME void take_damaged(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

// One kind of nonsense for each number.
static FRAME uintptr_t nonsense(int kind, volatile uintptr_t *place, int word) {
    switch (kind) {
    case 0:
        return 0;
    case 1:
        return ~(uintptr_t)0;
    case 2:
        return (uintptr_t)place;
    case 3:
        return (uintptr_t)(place - 8);
    case 4:
        return (uintptr_t)(place + 0x100000);
    case 5:
        return (uintptr_t)take_damaged + 5;
    case 6:
        return unreadable;
    case 7:
        return signal_return;
    case 8:
        return word % 2 ? signal_return : unreadable + 64;
    case 9:
        return word % 3 ? (uintptr_t)(place - 0x200000) & ~(uintptr_t)7 : signal_return;
    default:
        return (uintptr_t)word * 0x9E3779B97F4A7C15u + (uintptr_t)kind;
    }
}

static FRAME void damage_and_take(int kind) {
    volatile uintptr_t *frame = __builtin_frame_address(0);
    for (int i = 0; i < WORDS; i++)
        saved[i] = frame[i];
    for (int i = 0; i < WORDS; i++)
        frame[i] = nonsense(kind, frame + i, i);
    take_damaged();
    for (int i = 0; i < WORDS; i++)
        frame[i] = saved[i];
}

// Above it there are words to overwrite.
static FRAME void make_room(int kind) {
    volatile uintptr_t room[WORDS + 100];
    room[0] = room[WORDS + 99] = 0;
    damage_and_take(kind);
}

int main(void) {
    void *pages = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED);
    unreadable = (uintptr_t)pages;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = (void (*)(int))make_room;
    CHECK(sigaction(SIGUSR2, &action, NULL) == 0);
    CHECK(sigaction(SIGUSR2, NULL, &action) == 0);
    signal_return = (uintptr_t)action.sa_restorer;
    CHECK(signal_return != 0);
    for (int kind = 0; kind < 60; kind++)
        make_room(kind);
    truth("taken", 60);
    return finish();
}
