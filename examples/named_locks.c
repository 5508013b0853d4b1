/* A program that gives its locks names, through lockprof.h: eight accounts, each with a mutex of its own.
 *
 * Without names a profile would call all eight after the function that made them.
 * Nothing is linked: where liblockprof is not loaded the calls do nothing.
 *
 *   cc -I include -pthread -o named_locks examples/named_locks.c
 *   lockprof run --sample 1 -- ./named_locks
 *
 * In the root of the repository; where the package is installed, without -I include.
 */
#include <lockprof.h>
#include <pthread.h>
#include <stdio.h>

enum { ACCOUNTS = 8, THREADS = 4, TRANSFERS = 1000 };

struct account {
    pthread_mutex_t lock;
    long balance;
};

static struct account accounts[ACCOUNTS];

static void open_account(int number)
{
    char name[32];
    pthread_mutex_init(&accounts[number].lock, NULL);
    snprintf(name, sizeof name, "account %d", number);
    /* After initialising it: a lock that is initialised anew is another one. */
    (void)lockprof_name_lock(&accounts[number].lock, name);
}

static void add(int number, long amount)
{
    pthread_mutex_lock(&accounts[number].lock);
    accounts[number].balance += amount;
    pthread_mutex_unlock(&accounts[number].lock);
}

/* Every thread takes from one account and gives to the next, round and round. */
static void *transfer(void *unused)
{
    for (int i = 0; i < TRANSFERS; i++) {
        add(i % ACCOUNTS, -1);
        add((i + 1) % ACCOUNTS, 1);
    }
    return unused;
}

int main(void)
{
    pthread_t threads[THREADS];
    long sum = 0;
    for (int i = 0; i < ACCOUNTS; i++)
        open_account(i);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, transfer, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < ACCOUNTS; i++)
        sum += accounts[i].balance;
    printf("the balances add up to %ld\n", sum);
    /* Not only at the end: whoever wants the profile now. */
    if (lockprof_flush() == LOCKPROF_ABSENT)
        printf("liblockprof is not loaded\n");
    return sum == 0 ? 0 : 1;
}
