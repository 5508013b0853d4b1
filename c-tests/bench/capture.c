/* What it costs to capture a stack, and nothing else, without frame pointers.
 *
 *     capture warm FRAMES            the same stack again and again
 *     capture random FRAMES STACKS   that many different ones, in any order
 *     capture forgotten FRAMES       no rule is known, but the tables were read before
 *     capture first FRAMES SEED      functions that were never met before
 *
 * Prints nanoseconds: of a stack for the first two, of a frame for the others;
 * medians but for the last, which can be taken only once in a process.
 */
#define _GNU_SOURCE
#include <string.h>

#include "functions.h"
#include "measure.h"

enum { BATCH = 1000, BATCHES = 101, SINGLES = 20000, FORGOTTEN = 500, FORGOTTEN_WAYS = 300 };

static const char usage[] = "capture: usage: capture warm|random|forgotten|first FRAMES [STACKS|SEED]";
static measure_times *captures;
static measure_do *forget;
static uint64_t frames_len;
static double clock_cost;
static double taken[SINGLES];

/* The mean of a batch: the clock does not count. */
static double capture_batch(void)
{
    return (double)captures(BATCH, &frames_len) / BATCH;
}

static double capture_one(void)
{
    return (double)captures(1, &frames_len) - clock_cost;
}

/* Nanoseconds between two readings of the clock with nothing between them. */
static double cost_of_clock(void)
{
    for (int i = 0; i < BATCHES; i++)
        taken[i] = (double)captures(0, &frames_len);
    return median(taken, BATCHES);
}

static double warm(int length)
{
    for (int i = 0; i < BATCHES; i++)
        taken[i] = at_end_of_way(1, length, capture_batch);
    return median(taken, BATCHES);
}

static double random_ways(int length, unsigned long ways)
{
    unsigned long chance = 88172645463325252;
    for (unsigned long way = 0; way < ways; way++)
        at_end_of_way(way, length, capture_one);
    for (int i = 0; i < SINGLES; i++)
        taken[i] = at_end_of_way(next_random(&chance) % ways, length, capture_one);
    return median(taken, SINGLES);
}

static double forgotten(int length)
{
    for (int way = 0; way < FORGOTTEN_WAYS; way++)
        at_end_of_way((unsigned long)way, length, capture_one);
    for (int i = 0; i < FORGOTTEN; i++) {
        forget();
        taken[i] = at_end_of_way((unsigned long)i % FORGOTTEN_WAYS, length, capture_one) / (double)frames_len;
    }
    return median(taken, FORGOTTEN);
}

int main(int argc, char **argv)
{
    if (argc < 3)
        stop(usage);
    captures = (measure_times *)measuring("lockprof_measure_captures");
    forget = (measure_do *)measuring("lockprof_measure_forget");
    clock_cost = cost_of_clock();

    /* What every stack here has in common; met beforehand, it is no part of "first". */
    at_end_of_way(0, 0, capture_one);
    int frames = (int)number(argv[2], (long)frames_len + 1, usage);
    int length = frames - (int)frames_len;
    long argument = argc > 3 ? number(argv[3], 1, usage) : 1;
    double result;
    if (strcmp(argv[1], "warm") == 0)
        result = warm(length);
    else if (strcmp(argv[1], "random") == 0)
        result = random_ways(length, (unsigned long)argument);
    else if (strcmp(argv[1], "forgotten") == 0)
        result = forgotten(length);
    else if (strcmp(argv[1], "first") == 0)
        result = at_end_of_way((unsigned long)argument, length, capture_one) / length;
    else
        stop(usage);
    if (frames_len != (uint64_t)frames)
        stop("capture: the stack is not as long as it should be");
    printf("%.1f\n", result);
    return 0;
}
