// A handler takes a mutex behind every single instruction of some functions: prologues, epilogues, calls through the PLT.
#include "testing.h"
#include <signal.h>
#include <stdlib.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile long steps;

static FRAME void take_at_instruction(int unused) {
    (void)unused;
    steps = steps + 1;
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static FRAME long call_library(long a) { return a + random(); }

static FRAME long save_registers(long a, long b, long c) {
    long d = call_library(a), e = call_library(b), f = call_library(c);
    return a * d + b * e + c * f + d * e * f;
}

__attribute__((noipa, optimize("no-omit-frame-pointer"))) static long keep_frame_pointer(long a) {
    volatile char data[a + 100];
    data[a] = 1;
    return save_registers(a, data[a], 3) + data[a];
}

static FRAME long return_early(long a) {
    if (a < 0)
        return 1;
    return keep_frame_pointer(a) + keep_frame_pointer(a + 1);
}

// Sets the processor's trap flag for as long as it runs. With a frame pointer,
// since the tables know nothing of what the assembler pushes.
__attribute__((noipa, optimize("no-omit-frame-pointer"))) static long step_through(void) {
    __asm__ volatile("pushfq\n orq $0x100, (%%rsp)\n popfq" : : : "memory", "cc");
    long result = return_early(-1) + return_early(7);
    __asm__ volatile("pushfq\n andq $~0x100, (%%rsp)\n popfq" : : : "memory", "cc");
    return result;
}

int main(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = take_at_instruction;
    CHECK(sigaction(SIGTRAP, &action, NULL) == 0);
    // What the loader does at a first call is not ours to walk through.
    CHECK(call_library(1) != 0);
    CHECK(step_through() != 0);
    truth("steps", steps);
    return finish();
}
