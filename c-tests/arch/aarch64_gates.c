// Passes every way through every gate of aarch64 and looks at what arrives, what comes back, and whether unwinding finds the caller at each instruction.
// First, since it asks for all of the C library.
#include "../testing.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unwind.h>

#define HIDDEN __attribute__((visibility("hidden")))

struct registers {
    uint64_t x[31];
    uint64_t sp;
};

// ---- what the gates lead to, and from where they are called: aarch64_ends.s

enum place { RESOLVE, REAL, SAMPLED, UNSETTLED, HELD, HANDLER };

HIDDEN void call_with(const void *gate, struct registers *before, struct registers *after);
HIDDEN void real_function(void);

// Beginning of the block of src/intercept/thread.rs.
struct block {
    int64_t countdown;
    uint32_t held_len;
    uint32_t rest[61];
};
extern __thread struct block lockprof_thread;

HIDDEN void entry(void);
HIDDEN void acquire(void);
HIDDEN void acquire_by_test(void);
HIDDEN void acquire_sem(void);
HIDDEN void attempt(void);
HIDDEN void release(void);
HIDDEN void release_rwlock(void);
HIDDEN void release_held(void);
HIDDEN void release_sem(void);
HIDDEN void release_openmp(void);
HIDDEN void futex(void);
HIDDEN void call_of_0(void);
HIDDEN void call_of_1(void);
HIDDEN void call_of_2(void);
HIDDEN void call_of_3(void);
HIDDEN void call_of_4(void);
HIDDEN void *early_address(void);
HIDDEN void *thread_address(void);

// The cells that gates jump through, and what the stand-ins found in registers.
HIDDEN void *slot;
HIDDEN void *real = real_function;
HIDDEN struct registers seen;

// ---- one way through a gate

// What a real function answers when the lock is taken, and what all others answer.
enum { CODE = 16, ANSWER = 77 };

// What the bytes of a block hold that are no business of the gates.
enum { REST = 0x5a };

struct way {
    const char *name;
    const void *gate;
    // What the thread has in its block, and what the real function returns.
    int64_t countdown;
    uint32_t held_len;
    int code;
    // The first words of the lock, for those that look at them; the number of a call.
    uint64_t word, next_word;
    // Where it leads, one bit per place; the last of them; what comes back from there.
    unsigned places;
    enum place last;
    int result;
    // How many of x0 to x8 arrive as they were; the register in which the caller's
    // stack pointer arrives, before its frame pointer, if one does; bytes that the
    // gate itself has on the stack then.
    int arguments;
    int sp_register;
    int frame;
    int64_t countdown_after;
};

static struct registers before, after;
static const struct way *way;
static unsigned arrived_at;

#define EXPECT(condition)                                                                       \
    do {                                                                                        \
        if (!(condition))                                                                       \
            fprintf(stderr, "way \"%s\":\n", way->name);                                        \
        CHECK(condition);                                                                       \
    } while (0)

// ---- unwinding

struct frames {
    uint64_t ip[16], sp[16], fp[16];
    int len;
};

static _Unwind_Reason_Code note_frame(struct _Unwind_Context *context, void *raw) {
    struct frames *frames = raw;
    if (frames->len == 16)
        return _URC_END_OF_STACK;
    frames->ip[frames->len] = _Unwind_GetIP(context);
    frames->sp[frames->len] = _Unwind_GetCFA(context);
    frames->fp[frames->len++] = _Unwind_GetGR(context, 29);
    return _URC_NO_REASON;
}

static FRAME struct frames unwind(void) {
    struct frames frames = {.len = 0};
    _Unwind_Backtrace(note_frame, &frames);
    return frames;
}

static FRAME void call(void) { call_with(way->gate, &before, &after); }

// Whether a frame is the gate's caller, with its registers, and the one above it the caller's.
static bool is_caller(const struct frames *frames, int at) {
    return at + 1 < frames->len && frames->ip[at] == before.x[30] &&
           frames->sp[at] == before.sp && frames->fp[at] == before.x[29] &&
           _Unwind_FindEnclosingFunction((void *)frames->ip[at + 1]) == (void *)call;
}

HIDDEN int arrived(enum place place) {
    arrived_at |= 1u << place;
    struct frames frames = unwind();
    // `unwind`, this function, the stand-in, the gate if it waits for an answer, its caller.
    bool tries_first = way->gate == (void *)acquire || way->gate == (void *)acquire_by_test;
    bool gate_waits = place == RESOLVE || (place == REAL && tries_first) ||
                      (place == HANDLER && way->gate == (void *)futex);
    EXPECT(is_caller(&frames, gate_waits ? 4 : 3));
    EXPECT(seen.sp % 16 == 0);
    if (place == RESOLVE) {
        // Who walks frame pointers must get through: the loader takes its time.
        const uint64_t *frame = (const uint64_t *)seen.x[29];
        EXPECT(frame[0] == before.x[29] && frame[1] == before.x[30]);
        slot = real_function;
    }
    if (place == HANDLER && way->gate == (void *)futex)
        EXPECT((uint32_t)seen.x[3] == way->word && memcmp((const void *)seen.x[0], &before.x[1], 6 * sizeof before.x[1]) == 0);
    return place == REAL ? way->code : place == RESOLVE ? -1 : ANSWER;
}

// ---- every way

// The first four words of the lock that gates look at.
static uint64_t lock_words[2];

static bool looks(const void *gate) {
    return gate == (void *)release || gate == (void *)release_rwlock || gate == (void *)release_held ||
           gate == (void *)release_sem || gate == (void *)release_openmp || gate == (void *)acquire_sem;
}

static void prepare(const struct way *next) {
    way = next;
    arrived_at = 0;
    slot = way->gate == (void *)entry ? (void *)real_function : early_address();
    lockprof_thread.countdown = way->countdown;
    lockprof_thread.held_len = way->held_len;
    memset(lockprof_thread.rest, REST, sizeof lockprof_thread.rest);
    memset(&seen, 0, sizeof seen);
    for (int i = 0; i < 30; i++)
        before.x[i] = 0x0101010101010101 * (uint64_t)(i + 1);
    if (looks(way->gate)) {
        lock_words[0] = way->word;
        lock_words[1] = way->next_word;
        before.x[0] = (uint64_t)lock_words;
    }
    if (way->gate == (void *)futex)
        before.x[0] = way->word;
}

static void pass(const struct way *next) {
    prepare(next);
    call();
    EXPECT(arrived_at == way->places);
    for (int i = 0; i < way->arguments; i++)
        EXPECT(seen.x[i] == before.x[i]);
    EXPECT(seen.sp == before.sp - (uint64_t)way->frame);
    EXPECT(way->frame != 0 || seen.x[30] == before.x[30]);
    if (way->sp_register != 0 || way->gate == (void *)call_of_0) {
        EXPECT(seen.x[way->sp_register] == before.sp);
        EXPECT(seen.x[way->sp_register + 1] == before.x[29]);
    }
    EXPECT(way->last != UNSETTLED || way->gate != (void *)acquire || (uint32_t)seen.x[3] == CODE);
    for (int i = 19; i <= 29; i++) {
        EXPECT(seen.x[i] == before.x[i]);
        EXPECT(after.x[i] == before.x[i]);
    }
    EXPECT(after.sp == before.sp);
    EXPECT((int)after.x[0] == way->result);
    EXPECT(lockprof_thread.countdown == way->countdown_after);
    EXPECT(lockprof_thread.held_len == way->held_len);
    for (size_t i = 0; i < sizeof lockprof_thread.rest; i++)
        EXPECT(((const unsigned char *)lockprof_thread.rest)[i] == REST);
}

#define ONE(place) .places = 1u << (place), .last = (place)
#define TO(place) ONE(place), .result = ANSWER

static struct way ways[] = {
    {"entry", entry, ONE(REAL), .arguments = 9},
    {"entry to what fails", entry, .code = CODE, ONE(REAL), .result = CODE, .arguments = 9},
    // Its address comes with `early_address`.
    {"early", NULL, .code = CODE, .places = 1u << RESOLVE | 1u << REAL, .last = REAL,
     .result = CODE, .arguments = 9},
    {"acquire", acquire, .countdown = 1, .held_len = 1, ONE(REAL), .arguments = 1, .frame = 16},
    {"acquire, taken", acquire, .countdown = 1, .code = CODE,
     .places = 1u << REAL | 1u << UNSETTLED, .last = UNSETTLED, .result = ANSWER, .arguments = 1,
     .sp_register = 1},
    {"acquire, counted down", acquire, TO(SAMPLED), .arguments = 1, .sp_register = 1,
     .countdown_after = -1},
    {"acquire_by_test", acquire_by_test, .countdown = 1, .held_len = 1, .code = CODE, ONE(REAL),
     .result = CODE, .arguments = 1, .frame = 16},
    {"acquire_by_test, taken", acquire_by_test, .countdown = 1,
     .places = 1u << REAL | 1u << UNSETTLED, .last = UNSETTLED, .result = ANSWER, .arguments = 1,
     .sp_register = 1},
    {"acquire_by_test, counted down", acquire_by_test, TO(SAMPLED), .arguments = 1, .sp_register = 1,
     .countdown_after = -1},
    {"acquire_sem", acquire_sem, .countdown = 1, .held_len = 1, .word = 1 | 1ull << 32, ONE(REAL),
     .arguments = 1},
    {"acquire_sem, interrupted", acquire_sem, .countdown = 1, .code = CODE, .word = 2, ONE(REAL),
     .result = CODE, .arguments = 1},
    {"acquire_sem, empty", acquire_sem, .countdown = 1, .word = 1ull << 32, TO(UNSETTLED), .arguments = 1,
     .sp_register = 1},
    {"acquire_sem, counted down", acquire_sem, .word = 1, TO(SAMPLED), .arguments = 1,
     .sp_register = 1, .countdown_after = -1},
    {"attempt", attempt, .countdown = 1, .held_len = 1, ONE(REAL), .arguments = 1},
    {"attempt, taken", attempt, .countdown = 1, .code = CODE, ONE(REAL), .result = CODE,
     .arguments = 1},
    {"attempt, counted down", attempt, TO(SAMPLED), .arguments = 1, .sp_register = 1,
     .countdown_after = -1},
    {"release", release, .countdown = -5, .word = 1, ONE(REAL), .arguments = 1, .countdown_after = -5},
    {"release, refused", release, .code = CODE, ONE(REAL), .result = CODE, .arguments = 1},
    {"release with something held", release, .held_len = 1, TO(HELD), .arguments = 1,
     .sp_register = 1},
    {"release of what somebody may wait for", release, .word = 2, TO(HELD), .arguments = 1,
     .sp_register = 1},
    {"release of readers", release_rwlock, .word = 16, ONE(REAL), .arguments = 1},
    {"release of a writer", release_rwlock, .word = 3, .next_word = 1ull << 32, ONE(REAL),
     .arguments = 1},
    {"release of a writer, with another waiting where readers are preferred", release_rwlock,
     .word = 3, .next_word = 3ull << 32, TO(HELD), .arguments = 1, .sp_register = 1},
    {"release of readers, with a writer waiting", release_rwlock, .word = 18, TO(HELD),
     .arguments = 1, .sp_register = 1},
    {"release of a writer, with readers waiting", release_rwlock, .word = 19, TO(HELD),
     .arguments = 1, .sp_register = 1},
    {"release of a writer, with another waiting", release_rwlock, .word = 3 | 1ull << 32, TO(HELD),
     .arguments = 1, .sp_register = 1},
    {"release of readers with something held", release_rwlock, .word = 16, .held_len = 1, TO(HELD),
     .arguments = 1, .sp_register = 1},
    {"release without a look", release_held, .word = 3, ONE(REAL), .arguments = 1},
    {"release without a look, with something held", release_held, .held_len = 1, TO(HELD),
     .arguments = 1, .sp_register = 1},
    {"release_sem", release_sem, .countdown = -5, .word = 3, ONE(REAL), .arguments = 1,
     .countdown_after = -5},
    {"release_sem, refused", release_sem, .code = CODE, ONE(REAL), .result = CODE, .arguments = 1},
    {"release_sem with something held", release_sem, .held_len = 1, TO(HELD), .arguments = 1,
     .sp_register = 1},
    {"release_sem of what somebody waits for", release_sem, .word = 1ull << 32, TO(HELD), .arguments = 1,
     .sp_register = 1},
    {"release_openmp", release_openmp, .countdown = -5, .word = 1, ONE(REAL), .arguments = 1,
     .countdown_after = -5},
    {"release_openmp of what is waited for", release_openmp, .word = UINT32_MAX, TO(HELD), .arguments = 1,
     .sp_register = 1},
    {"release_openmp of another library's", release_openmp, .word = 0, TO(HELD), .arguments = 1,
     .sp_register = 1},
    {"release_openmp with something held", release_openmp, .word = 1, .held_len = 1, TO(HELD),
     .arguments = 1, .sp_register = 1},
    {"call of the system", futex, .word = SYS_gettid, .code = CODE, ONE(REAL), .result = CODE,
     .arguments = 9},
    {"futex", futex, .word = SYS_futex, TO(HANDLER), .sp_register = 1, .frame = 64},
    {"call of the system before those of futexes", futex, .word = 448, ONE(REAL), .arguments = 9},
    {"call of the system behind those of futexes", futex, .word = 456, ONE(REAL), .arguments = 9},
    {"futex_waitv", futex, .word = 449, TO(HANDLER), .sp_register = 1, .frame = 64},
    {"futex_wait", futex, .word = 455, TO(HANDLER), .sp_register = 1, .frame = 64},
    {"call of 0", call_of_0, TO(HANDLER)},
    {"call of 1", call_of_1, TO(HANDLER), .arguments = 1, .sp_register = 1},
    {"call of 2", call_of_2, TO(HANDLER), .arguments = 2, .sp_register = 2},
    {"call of 3", call_of_3, TO(HANDLER), .arguments = 3, .sp_register = 3},
    {"call of 4", call_of_4, TO(HANDLER), .arguments = 4, .sp_register = 4},
};

static void every_way_keeps_what_it_must(void) {
    for (size_t i = 0; i < LENGTH(ways); i++)
        pass(&ways[i]);
}

static void the_countdown_runs_out_after_exactly_so_many(const void *gate) {
    enum { COUNT = 1000 };
    const struct way counting = {.name = "counting", .gate = gate, .countdown = COUNT};
    prepare(&counting);
    for (int i = 0; i <= COUNT; i++) {
        arrived_at = 0;
        call();
        EXPECT(arrived_at == 1u << (i < COUNT ? REAL : SAMPLED));
        EXPECT(lockprof_thread.countdown == COUNT - 1 - i);
    }
}

// ---- unwinding at every instruction, as a signal handler may

enum { BRK = (int)0xd4200000, INSTRUCTIONS_MAX = 64, BELOW = 512 };

static uint32_t *stop;
static uint32_t stopped_at;
static bool stopped;

static void put(uint32_t *place, uint32_t instruction) {
    *place = instruction;
    __builtin___clear_cache((char *)place, (char *)(place + 1));
}

static void at_stop(int signal, siginfo_t *info, void *raw) {
    (void)signal, (void)info;
    const mcontext_t *context = &((ucontext_t *)raw)->uc_mcontext;
    EXPECT(context->pc == (uint64_t)stop);
    put(stop, stopped_at);
    // Below the stack pointer anything may stand.
    memset((char *)context->sp - BELOW, REST, BELOW);
    struct frames frames = unwind();
    int gate = 0;
    while (gate < frames.len && frames.ip[gate] != (uint64_t)stop)
        gate++;
    if (!is_caller(&frames, gate + 1))
        fprintf(stderr, "at instruction %td:\n", stop - (uint32_t *)way->gate);
    EXPECT(is_caller(&frames, gate + 1));
    stopped = true;
}

// Bytes that a jump forwards skips, as far as gates have such jumps; 0 for others.
static int32_t skipped(uint32_t instruction) {
    bool is_conditional = (instruction & 0xff000010) == 0x54000000;
    bool is_if_zero = (instruction & 0x7e000000) == 0x34000000;
    return is_conditional || is_if_zero ? (int32_t)(instruction >> 5 & 0x7ffff) * 4 : 0;
}

// Instructions of a gate: up to a last jump that nothing before it skips.
static int length_of(const uint32_t *gate) {
    int end = 0;
    for (int i = 0; i < INSTRUCTIONS_MAX; i++) {
        uint32_t instruction = gate[i];
        int target = i + skipped(instruction) / 4;
        end = target > end ? target : end;
        bool leaves = (instruction & 0xfc000000) == 0x14000000 ||
                      (instruction & 0xfffffc1f) == 0xd61f0000 || instruction == 0xd65f03c0;
        if (leaves && i >= end)
            return i + 1;
    }
    CHECK(!"a gate ends");
    return 0;
}

static void make_writable(const void *gate) {
    uintptr_t page = (uintptr_t)gate & ~4095ul;
    CHECK(mprotect((void *)page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC) == 0);
}

static void unwinding_finds_the_caller_at_each_instruction(void) {
    static char handlers_stack[1 << 18];
    stack_t stack = {.ss_sp = handlers_stack, .ss_size = sizeof handlers_stack};
    CHECK(sigaltstack(&stack, NULL) == 0);
    struct sigaction action = {.sa_sigaction = at_stop, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    CHECK(sigaction(SIGTRAP, &action, NULL) == 0);
    bool passed[INSTRUCTIONS_MAX] = {false};
    for (size_t i = 0; i < LENGTH(ways); i++) {
        uint32_t *gate = (uint32_t *)ways[i].gate;
        make_writable(gate);
        int length = length_of(gate);
        for (int at = 0; at < length; at++) {
            stop = gate + at;
            stopped_at = *stop;
            stopped = false;
            put(stop, (uint32_t)BRK);
            pass(&ways[i]);
            put(stop, stopped_at);
            passed[at] |= stopped;
        }
        // Ways through one gate stand together: behind the last, all of it was passed.
        if (i + 1 < LENGTH(ways) && ways[i + 1].gate == gate)
            continue;
        for (int at = 0; at < length; at++)
            EXPECT(passed[at]);
        memset(passed, 0, sizeof passed);
    }
}

// ---- all of it

// A thread's block, which begins where a cache line does.
static struct block *own_block(void) {
    CHECK(thread_address() == &lockprof_thread && (uintptr_t)&lockprof_thread % 64 == 0);
    return &lockprof_thread;
}

static void *check_all(void *main_block) {
    CHECK(own_block() != main_block);
    every_way_keeps_what_it_must();
    the_countdown_runs_out_after_exactly_so_many(acquire);
    the_countdown_runs_out_after_exactly_so_many(attempt);
    unwinding_finds_the_caller_at_each_instruction();
    return NULL;
}

// On a thread of its own, while main's block must stay as it is.
__attribute__((visibility("default"))) int main(void) {
    for (size_t i = 0; i < LENGTH(ways); i++)
        if (ways[i].gate == NULL)
            ways[i].gate = early_address();
    struct block *block = own_block();
    struct block expected;
    memset(&expected, REST, sizeof expected);
    *block = expected;
    join(spawn("Gates", check_all, block));
    CHECK(memcmp(block, &expected, sizeof expected) == 0);
    return finish();
}
