// Taking a mutex again at the end of a wait in a condition: with whoever signalled still holding it, at once, and one after another.
#include "testing.h"

static pthread_cond_t signalled = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;
static int waiting, turn;
static long long signal_ns;

#define ROUNDS 10

static FRAME void wait_for_turn(int round) {
    CHECK(pthread_mutex_lock(&kept_lock) == 0);
    long long begin = now_ns();
    announce(&waiting);
    while (turn <= round)
        CHECK(pthread_cond_wait(&signalled, &kept_lock) == 0);
    truth_since("kept_retaking_ns", signal_ns);
    truth("kept_asleep_ns", signal_ns - begin);
    CHECK(pthread_mutex_unlock(&kept_lock) == 0);
}

static void *patient(void *unused) {
    for (int i = 0; i < ROUNDS; i++)
        wait_for_turn(i);
    return unused;
}

static FRAME void signal_and_keep(void) {
    CHECK(pthread_mutex_lock(&kept_lock) == 0);
    turn++;
    signal_ns = now_ns();
    CHECK(pthread_cond_signal(&signalled) == 0);
    sleep_ms(20);
    CHECK(pthread_mutex_unlock(&kept_lock) == 0);
}

static void keep_the_mutex(void) {
    pthread_t thread = spawn("Patient", patient, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        await(&waiting, i + 1);
        sleep_ms(5);
        signal_and_keep();
    }
    join(thread);
}

// ---- a ball between two threads, which both wait, signal, and let go at once

#define PASSES 400

static pthread_cond_t passed[2] = {PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER};
static pthread_mutex_t ball_lock = PTHREAD_MUTEX_INITIALIZER;
static int ball_with;

static __thread long long signalled_ns;
static int slow_passes;

// Somebody was woken, and the mutex is let go of only now: there was something to wait for.
static void note_slowness(void) {
    if (now_ns() - signalled_ns > 20000)
        __atomic_add_fetch(&slow_passes, 1, __ATOMIC_RELAXED);
}

static FRAME void wait_for_ball(int player) {
    while (ball_with != player) {
        note_slowness();
        CHECK(pthread_cond_wait(&passed[player], &ball_lock) == 0);
    }
}

static FRAME void pass_ball(int player) {
    CHECK(pthread_mutex_lock(&ball_lock) == 0);
    wait_for_ball(player);
    ball_with = !player;
    signalled_ns = now_ns();
    CHECK(pthread_cond_signal(&passed[!player]) == 0);
    CHECK(pthread_mutex_unlock(&ball_lock) == 0);
    note_slowness();
}

static void *play(void *raw) {
    for (int i = 0; i < PASSES; i++)
        pass_ball(raw != NULL);
    return NULL;
}

static void pass_the_ball(void) {
    pthread_t a = spawn("Player", play, NULL), b = spawn("Player", play, &ball_with);
    join(a);
    join(b);
    truth("slow_passes", slow_passes);
}

// ---- all are woken at once, and each keeps the mutex for a while

#define HERD 4

static pthread_cond_t opened = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static int in_herd, is_open;
static long long opened_ns;

static FRAME void wait_for_gate(void) {
    while (!is_open)
        CHECK(pthread_cond_wait(&opened, &gate_lock) == 0);
    truth_since("herd_retaking_ns", opened_ns);
}

static FRAME void go_through(void) {
    sleep_ms(10);
    CHECK(pthread_mutex_unlock(&gate_lock) == 0);
}

static void *of_the_herd(void *unused) {
    CHECK(pthread_mutex_lock(&gate_lock) == 0);
    announce(&in_herd);
    wait_for_gate();
    go_through();
    return unused;
}

static FRAME void open_gate(void) {
    CHECK(pthread_mutex_lock(&gate_lock) == 0);
    is_open = 1;
    opened_ns = now_ns();
    CHECK(pthread_cond_broadcast(&opened) == 0);
    CHECK(pthread_mutex_unlock(&gate_lock) == 0);
}

static void open_the_gate(void) {
    pthread_t threads[HERD];
    for (int i = 0; i < HERD; i++)
        threads[i] = spawn("Herd", of_the_herd, NULL);
    await(&in_herd, HERD);
    sleep_ms(20);
    open_gate();
    for (int i = 0; i < HERD; i++)
        join(threads[i]);
}

int main(void) {
    keep_the_mutex();
    pass_the_ball();
    open_the_gate();
    return finish();
}
