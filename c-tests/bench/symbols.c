/* How long a flush takes that has to name functions of a large program.
 *
 *     symbols FUNCTIONS
 *
 * Linked with many_functions.S, which has that many. Takes a mutex in a hundred of
 * them, and prints the milliseconds of the first flush. Run it with LOCKPROF_SAMPLE=1.
 */
#define _GNU_SOURCE
#include <pthread.h>

#include "../../include/lockprof.h"
#include "bench.h"

enum { VISITED = 100, FUNCTION_BYTES = 16 };

/* The first of the functions; the others follow. */
extern char function_0[];
void visit(void);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void visit(void)
{
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
}

int main(int argc, char **argv)
{
    static const char usage[] = "symbols: usage: symbols FUNCTIONS";
    long functions = argc == 2 ? number(argv[1], VISITED, usage) : 0;
    if (functions == 0)
        stop(usage);
    for (long i = 0; i < VISITED; i++)
        ((void (*)(void))(function_0 + i * (functions / VISITED) * FUNCTION_BYTES))();
    double begin = now_ns();
    if (lockprof_flush() != LOCKPROF_DONE)
        stop("symbols: the profile could not be written");
    printf("%.3f\n", (now_ns() - begin) / 1e6);
    return 0;
}
