// A program of one thread takes a mutex 200,000 times and stays a program of one thread.
#include "testing.h"
#include <dirent.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int counter;

static FRAME void take_alone(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    counter++;
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static int threads(void) {
    int count = 0;
    DIR *directory = opendir("/proc/self/task");
    CHECK(directory != NULL);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

int main(void) {
    truth("threads_at_start", threads());
    for (int i = 0; i < 200000; i++)
        take_alone();
    truth("threads_at_end", threads());
    printf("taken %d\n", counter);
    return finish();
}
