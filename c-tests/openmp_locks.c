// OpenMP's locks and critical sections: exact numbers, depths, failed attempts, and waits of known length.
#include "testing.h"
#include <omp.h>

enum { THREADS = 4, ROUNDS = 100, HOLD_MS = 50 };

static omp_lock_t plain_lock;
static omp_nest_lock_t nest_lock;
static int counter, held, waiters;

static FRAME void in_lock(void) {
    omp_set_lock(&plain_lock);
    counter++;
    omp_unset_lock(&plain_lock);
}

static FRAME void in_critical(void) {
#pragma omp critical
    counter++;
}

static FRAME void in_named(void) {
#pragma omp critical(orders)
    counter++;
}

static FRAME void nest_inner(void) {
    omp_set_nest_lock(&nest_lock);
    counter++;
    omp_unset_nest_lock(&nest_lock);
}

static FRAME void nest_tested(void) {
    CHECK(omp_test_nest_lock(&nest_lock) == 2);
    omp_unset_nest_lock(&nest_lock);
}

static FRAME void nest_outer(void) {
    omp_set_nest_lock(&nest_lock);
    nest_inner();
    nest_tested();
    omp_unset_nest_lock(&nest_lock);
}

// What Fortran calls, by the names it has there; a nestable lock is a pointer's room for it.
void omp_init_lock_(omp_lock_t *lock);
void omp_set_lock_(omp_lock_t *lock);
void omp_unset_lock_(omp_lock_t *lock);
void omp_destroy_lock_(omp_lock_t *lock);
void omp_init_nest_lock_(void **lock);
void omp_set_nest_lock_(void **lock);
int omp_test_nest_lock_(void **lock);
void omp_unset_nest_lock_(void **lock);
void omp_destroy_nest_lock_(void **lock);

static omp_lock_t fortran_lock;
static void *fortran_nest;

static FRAME void in_fortran(void) {
    omp_set_lock_(&fortran_lock);
    counter++;
    omp_unset_lock_(&fortran_lock);
}

static FRAME void in_fortran_nest(void) {
    omp_set_nest_lock_(&fortran_nest);
    CHECK(omp_test_nest_lock_(&fortran_nest) == 2);
    counter++;
    omp_unset_nest_lock_(&fortran_nest);
    omp_unset_nest_lock_(&fortran_nest);
}

// Each part by itself: they share a counter.
static int counted(void (*part)(void)) {
    counter = 0;
#pragma omp parallel num_threads(THREADS)
    for (int i = 0; i < ROUNDS; i++)
        part();
    return counter;
}

static void hold(void) {
    long long begin = now_ns();
    announce(&held);
    sleep_ms(HOLD_MS);
    truth("held_ns", now_ns() - begin);
}

static FRAME void hold_lock(void) {
    omp_set_lock(&plain_lock);
    hold();
    omp_unset_lock(&plain_lock);
}

static FRAME void hold_nest(void) {
    CHECK(omp_test_nest_lock(&nest_lock) == 1);
    hold();
    omp_unset_nest_lock(&nest_lock);
}

static FRAME void hold_critical(void) {
#pragma omp critical
    hold();
}

static FRAME void hold_named(void) {
#pragma omp critical(orders)
    hold();
}

static FRAME void wait_for_lock(void) {
    CHECK(omp_test_lock(&plain_lock) == 0);
    omp_set_lock(&plain_lock);
    omp_unset_lock(&plain_lock);
}

static FRAME void wait_for_nest(void) {
    CHECK(omp_test_nest_lock(&nest_lock) == 0);
    omp_set_nest_lock(&nest_lock);
    omp_unset_nest_lock(&nest_lock);
}

static FRAME void wait_for_critical(void) {
#pragma omp critical
    counter++;
}

static FRAME void wait_for_named(void) {
#pragma omp critical(orders)
    counter++;
}

static const struct pair {
    void (*hold)(void);
    void (*wait)(void);
} pairs[] = {
    {hold_lock, wait_for_lock},
    {hold_nest, wait_for_nest},
    {hold_critical, wait_for_critical},
    {hold_named, wait_for_named},
};

static void *holds(void *unused) {
    for (unsigned i = 0; i < LENGTH(pairs); i++) {
        await(&waiters, (int)i + 1);
        pairs[i].hold();
    }
    return unused;
}

static void *waits(void *unused) {
    for (unsigned i = 0; i < LENGTH(pairs); i++) {
        announce(&waiters);
        await(&held, (int)i + 1);
        long long begin = now_ns();
        pairs[i].wait();
        truth("wait_ns", now_ns() - begin);
    }
    return unused;
}

int main(void) {
    omp_init_lock(&plain_lock);
    omp_init_nest_lock(&nest_lock);
    errno = 7;
    printf("%d in a lock\n", counted(in_lock));
    printf("%d in a critical section\n", counted(in_critical));
    printf("%d in a named one\n", counted(in_named));
    printf("%d in a nested lock\n", counted(nest_outer));
    omp_init_lock_(&fortran_lock);
    omp_init_nest_lock_(&fortran_nest);
    printf("%d in a lock of Fortran\n", counted(in_fortran));
    printf("%d in a nested one\n", counted(in_fortran_nest));
    omp_destroy_lock_(&fortran_lock);
    omp_destroy_nest_lock_(&fortran_nest);
    pthread_t holder = spawn("Holder", holds, NULL), waiter = spawn("Waiter", waits, NULL);
    join(holder);
    join(waiter);
    omp_destroy_lock(&plain_lock);
    omp_destroy_nest_lock(&nest_lock);
    return finish();
}
