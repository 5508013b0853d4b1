/* What programs that measure share: the clock, medians, numbers from the command line. */
#ifndef BENCH_H
#define BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

__attribute__((unused)) static double clock_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

__attribute__((unused)) static double now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

/* Ends the program with the reason. */
__attribute__((unused, noreturn)) static void stop(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(2);
}

/* An argument that is a whole number of at least `least`. */
__attribute__((unused)) static long number(const char *text, long least, const char *usage)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value < least)
        stop(usage);
    return value;
}

__attribute__((unused)) static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median of `len` values, which it sorts. */
__attribute__((unused)) static double median(double *values, long len)
{
    qsort(values, (size_t)len, sizeof *values, by_size);
    return values[len / 2];
}

/* The next random number (xorshift64; Marsaglia 2003). */
__attribute__((unused)) static unsigned long next_random(unsigned long *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

#endif
