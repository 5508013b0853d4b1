/* The functions of src/intercept/measure.rs; the program that includes this needs that library. */
#ifndef MEASURE_H
#define MEASURE_H

#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

#include "bench.h"

/* Finds a function of the measuring library by its name. */
static void *measuring(const char *name)
{
    void *found = dlsym(RTLD_DEFAULT, name);
    if (found == NULL) {
        fprintf(stderr, "%s is missing: preload the library built with --cfg lockprof_measure\n", name);
        exit(2);
    }
    return found;
}

typedef uint64_t measure_times(uint64_t times, uint64_t *answer);
typedef uint64_t measure_lost(uint64_t *events);
typedef void measure_do(void);
typedef uint32_t measure_count(void);

#endif
