// Threads that only read keep each other out by a mutex.
#include "../testing.h"

enum { READERS = 3, ROUNDS = 100 };

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static int table[8];
static int arrived;

static FRAME int get_price(int key) {
    CHECK(pthread_mutex_lock(&table_lock) == 0);
    sleep_ns(200000);
    int price = table[key];
    CHECK(pthread_mutex_unlock(&table_lock) == 0);
    return price;
}

static FRAME int find_item(int key) {
    CHECK(pthread_mutex_lock(&table_lock) == 0);
    sleep_ns(100000);
    int item = table[key];
    CHECK(pthread_mutex_unlock(&table_lock) == 0);
    return item;
}

static void *reads(void *unused) {
    meet(&arrived, READERS);
    for (int i = 0; i < ROUNDS; i++)
        CHECK(get_price(i % 8) + find_item(i % 5) == 0);
    return unused;
}

int main(void) {
    pthread_t threads[READERS];
    for (int i = 0; i < READERS; i++)
        threads[i] = spawn("Reader", reads, NULL);
    for (int i = 0; i < READERS; i++)
        join(threads[i]);
    return finish();
}
