/* Two thousand functions that call one another in any order: many different deep stacks. */
#ifndef FUNCTIONS_H
#define FUNCTIONS_H

#include "bench.h"

/* A way through the functions: which ones, by chance, and what is done at its end. */
struct chain {
    unsigned long chance;
    int left;
    double (*at_end)(void);
    double result;
};

typedef long function(struct chain *);
enum { FUNCTIONS = 2000 };
static function *const functions[FUNCTIONS];

/* The end of a way. */
__attribute__((noinline)) static long arrive(struct chain *chain)
{
    chain->result = chain->at_end();
    return 0;
}

/* Where the way goes on. */
__attribute__((noinline)) static function *next_function(struct chain *chain)
{
    return --chain->left < 0 ? arrive : functions[next_random(&chain->chance) % FUNCTIONS];
}

/* Frames of different sizes; the work after the call keeps every frame on the stack. */
#define FUNCTION(n)                                               \
    __attribute__((noinline)) static long function_##n(struct chain *chain) \
    {                                                             \
        volatile long room[1 + (n) % 23];                         \
        room[0] = (n);                                            \
        return next_function(chain)(chain) + room[0];             \
    }
#define NAME(n) function_##n,
#define TEN(M, n) M(n##0) M(n##1) M(n##2) M(n##3) M(n##4) M(n##5) M(n##6) M(n##7) M(n##8) M(n##9)
#define HUNDRED(M, n)                                                             \
    TEN(M, n##0) TEN(M, n##1) TEN(M, n##2) TEN(M, n##3) TEN(M, n##4) TEN(M, n##5) \
    TEN(M, n##6) TEN(M, n##7) TEN(M, n##8) TEN(M, n##9)
#define THOUSAND(M, n)                                                                \
    HUNDRED(M, n##0) HUNDRED(M, n##1) HUNDRED(M, n##2) HUNDRED(M, n##3) HUNDRED(M, n##4) \
    HUNDRED(M, n##5) HUNDRED(M, n##6) HUNDRED(M, n##7) HUNDRED(M, n##8) HUNDRED(M, n##9)

THOUSAND(FUNCTION, 1)
THOUSAND(FUNCTION, 2)

static function *const functions[FUNCTIONS] = { THOUSAND(NAME, 1) THOUSAND(NAME, 2) };

/* Does `at_end` at the end of a way of `length` functions; equal ways for equal numbers. */
__attribute__((noinline)) static double at_end_of_way(unsigned long way, int length, double (*at_end)(void))
{
    struct chain chain = { way * 0x9E3779B97F4A7C15u + 1, length, at_end, 0 };
    long sum = next_function(&chain)(&chain);
    __asm__ volatile("" ::"r"(sum));
    return chain.result;
}

#endif
