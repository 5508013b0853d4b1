/* A steady rate of acquisitions: what our own thread costs, and whether it keeps up.
 *
 *     paced PAIRS_PER_SECOND DEPTH SECONDS [STACKS]
 *
 * Two threads take and release a mutex of their own at the end of stacks of
 * DEPTH frames, STACKS different ones, in small bursts spread over each second.
 * Prints the share of one core that the thread named lockprof used meanwhile.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "ways.h"

/* Beside the ways down, a stack has `work` and two frames of the C library. */
enum { WORKERS = 2, BURST_NS = 1000000, FRAMES_AROUND = 3 };

static pthread_mutex_t locks[WORKERS] = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER };
static long pairs_per_second;
static int levels;
static int seconds;
static unsigned stacks;

static void *work(void *lock)
{
    double begin = now_ns();
    double end = begin + seconds * 1e9;
    long done = 0;
    unsigned way = 0;
    for (double now = begin; now < end; now = now_ns()) {
        long due = (long)((now - begin) * 1e-9 * (double)pairs_per_second / WORKERS);
        for (; done < due; done++)
            down(lock, levels, way++ % stacks);
        usleep(BURST_NS / 1000);
    }
    return NULL;
}

/* Nanoseconds of processor time that our own thread has used; 0 when there is none. */
static double own_thread_ns(void)
{
    double ns = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *task; tasks != NULL && (task = readdir(tasks)) != NULL;) {
        char path[300], name[32] = "";
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", task->d_name);
        FILE *file = fopen(path, "r");
        if (file == NULL)
            continue;
        if (fgets(name, sizeof name, file) == NULL)
            name[0] = 0;
        fclose(file);
        if (strcmp(name, "lockprof\n") != 0)
            continue;
        snprintf(path, sizeof path, "/proc/self/task/%s/schedstat", task->d_name);
        file = fopen(path, "r");
        if (file != NULL) {
            if (fscanf(file, "%lf", &ns) != 1)
                ns = 0;
            fclose(file);
        }
    }
    if (tasks != NULL)
        closedir(tasks);
    return ns;
}

int main(int argc, char **argv)
{
    static const char usage[] = "paced: usage: paced PAIRS_PER_SECOND DEPTH SECONDS [STACKS]";
    if (argc < 4)
        stop(usage);
    pairs_per_second = number(argv[1], 1, usage);
    levels = (int)number(argv[2], FRAMES_AROUND + 1, usage) - FRAMES_AROUND;
    seconds = (int)number(argv[3], 1, usage);
    stacks = argc > 4 ? (unsigned)number(argv[4], 1, usage) : 500;
    pthread_t threads[WORKERS];
    for (int i = 0; i < WORKERS; i++)
        if (pthread_create(&threads[i], NULL, work, &locks[i]) != 0)
            stop("paced: a thread could not be started");
    usleep((useconds_t)seconds * 1000000 - 50000);
    double used = own_thread_ns();
    for (int i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    printf("%.2f %% of one core\n", used / (seconds * 1e9) * 100);
    return 0;
}
