// Takes locks in a pattern that is hard on samplers and prints exactly what it did: `oracle PATTERN [SIZE]`.
//
// SIZE is in hundredths: 100, the default, takes about a second on two free cores, 10 a
// tenth of the acquisitions. truth.h says what is measured, and how.
#include "patterns.h"

static const struct pattern *const patterns[] = {
    &nested_pattern, &loop_pattern,   &bursts_pattern,  &threads_pattern,
    &pareto_pattern, &bimodal_pattern, &rare_pattern,   &steps_pattern,
};

static const struct pattern *pattern;
static long size = 100;
static int arrived;

static void *calibrate_in_thread(void *unused) {
    calibrate();
    hand_in_truth();
    return unused;
}

static void *work(void *number) {
    // Together, so that the locks are fought for from the beginning.
    meet(&arrived, (int)pattern->threads);
    pattern->body((long)number, size);
    hand_in_truth();
    return NULL;
}

static void run_wave(void) {
    pthread_t threads[64];
    CHECK(pattern->threads <= (long)LENGTH(threads));
    arrived = 0;
    for (long i = 0; i < pattern->threads; i++)
        threads[i] = spawn("Oracle", work, (void *)i);
    for (long i = 0; i < pattern->threads; i++)
        join(threads[i]);
}

static int usage(void) {
    fputs("usage: oracle PATTERN [SIZE]\npatterns:", stderr);
    for (size_t i = 0; i < LENGTH(patterns); i++)
        fprintf(stderr, " %s", patterns[i]->name);
    fputs("\n", stderr);
    return 2;
}

int main(int argc, char **argv) {
    for (size_t i = 0; argc > 1 && i < LENGTH(patterns); i++)
        if (strcmp(argv[1], patterns[i]->name) == 0)
            pattern = patterns[i];
    if (argc > 2)
        size = atol(argv[2]);
    if (pattern == NULL || argc > 3 || size < 1)
        return usage();
    if (pattern->prepare != NULL)
        pattern->prepare();
    // In a thread, since the C library takes shortcuts until there is one.
    join(spawn("Calibration", calibrate_in_thread, NULL));
    for (long wave = 0; wave < pattern->waves; wave++)
        run_wave();
    print_truth(pattern->name, pattern->sites, pattern->locks, pattern->locks_len);
    return 0;
}
