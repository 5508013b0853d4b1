// Semaphores used as events: what a producer makes is counted by one, the free places by another.
#include "testing.h"
#include <semaphore.h>

enum { ITEMS = 600, PLACES = 8 };

static sem_t items, places;
static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
static int len;

static FRAME void change_len(int change) {
    CHECK(pthread_mutex_lock(&queue_lock) == 0);
    len += change;
    CHECK(len >= 0 && len <= PLACES);
    CHECK(pthread_mutex_unlock(&queue_lock) == 0);
}

static FRAME void produce(void) {
    CHECK(sem_wait(&places) == 0);
    change_len(1);
    CHECK(sem_post(&items) == 0);
}

static FRAME void consume(void) {
    CHECK(sem_wait(&items) == 0);
    change_len(-1);
    CHECK(sem_post(&places) == 0);
}

static void *producer(void *unused) {
    for (int i = 0; i < ITEMS; i++) {
        // Now and then the consumer has to wait.
        if (i % 100 == 99)
            sleep_ms(5);
        produce();
    }
    return unused;
}

static void *consumer(void *unused) {
    for (int i = 0; i < ITEMS; i++)
        consume();
    return unused;
}

int main(void) {
    CHECK(sem_init(&items, 0, 0) == 0);
    CHECK(sem_init(&places, 0, PLACES) == 0);
    pthread_t threads[] = {spawn("Producer", producer, NULL), spawn("Consumer", consumer, NULL)};
    join(threads[0]);
    join(threads[1]);
    printf("left %d\n", len);
    return finish();
}
