// A library that brings OpenMP along: takes its locks, in threads of its own.
#include <omp.h>

enum { THREADS = 4, ROUNDS = 1000 };

static omp_lock_t library_lock;
static omp_nest_lock_t library_nest;
static long in_lock, in_nest, in_section;

__attribute__((noipa)) static void take_in_library(void) {
    omp_set_lock(&library_lock);
    in_lock++;
    omp_unset_lock(&library_lock);
}

__attribute__((noipa)) static void nest_in_library(void) {
    omp_set_nest_lock(&library_nest);
    in_nest++;
    omp_unset_nest_lock(&library_nest);
}

__attribute__((noipa)) static void section_in_library(void) {
#pragma omp critical
    in_section++;
}

// Whether all of them kept the others out.
int run_library(void);
int run_library(void) {
    in_lock = in_nest = in_section = 0;
    omp_init_lock(&library_lock);
    omp_init_nest_lock(&library_nest);
#pragma omp parallel num_threads(THREADS)
    for (int i = 0; i < ROUNDS; i++) {
        take_in_library();
        nest_in_library();
        section_in_library();
    }
    omp_destroy_lock(&library_lock);
    omp_destroy_nest_lock(&library_nest);
    long all = THREADS * ROUNDS;
    return in_lock == all && in_nest == all && in_section == all;
}
