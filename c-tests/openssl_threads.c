// Threads that use OpenSSL as servers do: digests by name, random bytes, a shared store of certificates, a read-write lock of its making.
#include "testing.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509_vfy.h>

enum { THREADS = 4, ROUNDS = 200 };

static X509_STORE *store;
static CRYPTO_RWLOCK *shared;
static int arrived, held, asking;
static unsigned char last[THREADS][32];

// Whatever of OpenSSL is made at its first use is there before anything is counted.
static FRAME void warm_up(void) {
    unsigned char bytes[8];
    for (int i = 0; i < 2; i++) {
        EVP_MD *digest = EVP_MD_fetch(NULL, "SHA256", NULL);
        CHECK(digest != NULL && RAND_bytes(bytes, sizeof bytes) == 1);
        EVP_MD_free(digest);
    }
}

static FRAME void fetch_digest(unsigned char *out, int round) {
    EVP_MD *digest = EVP_MD_fetch(NULL, "SHA256", NULL);
    CHECK(digest != NULL);
    CHECK(EVP_Digest(&round, sizeof round, out, NULL, digest, NULL) == 1);
    EVP_MD_free(digest);
}

static FRAME void use_store(void) {
    CHECK(X509_STORE_lock(store) == 1);
    CHECK(X509_STORE_unlock(store) == 1);
}

static FRAME void read_shared(void) {
    CHECK(CRYPTO_THREAD_read_lock(shared) == 1);
    CHECK(CRYPTO_THREAD_unlock(shared) == 1);
}

static FRAME void write_shared(void) {
    CHECK(CRYPTO_THREAD_write_lock(shared) == 1);
    CHECK(CRYPTO_THREAD_unlock(shared) == 1);
}

static void *worker(void *raw) {
    int index = (int)(long)raw;
    unsigned char bytes[16];
    CHECK(RAND_bytes(bytes, sizeof bytes) == 1);
    meet(&arrived, THREADS);
    for (int i = 0; i < ROUNDS; i++) {
        fetch_digest(last[index], i);
        use_store();
        read_shared();
        read_shared();
        write_shared();
        CHECK(RAND_bytes(bytes, sizeof bytes) == 1);
    }
    return NULL;
}

static FRAME void hold_shared(void) {
    CHECK(CRYPTO_THREAD_write_lock(shared) == 1);
    announce(&held);
    await(&asking, 1);
    sleep_ms(30);
    CHECK(CRYPTO_THREAD_unlock(shared) == 1);
}

static FRAME void wait_to_read(void) {
    await(&held, 1);
    announce(&asking);
    long long begin = now_ns();
    CHECK(CRYPTO_THREAD_read_lock(shared) == 1);
    truth("waited_ns", now_ns() - begin);
    CHECK(CRYPTO_THREAD_unlock(shared) == 1);
}

static void *waiter(void *unused) {
    wait_to_read();
    return unused;
}

int main(void) {
    warm_up();
    CHECK((store = X509_STORE_new()) != NULL && (shared = CRYPTO_THREAD_lock_new()) != NULL);
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++)
        threads[i] = spawn("Worker", worker, (void *)i);
    for (int i = 0; i < THREADS; i++)
        join(threads[i]);
    pthread_t waiting = spawn("Waiter", waiter, NULL);
    hold_shared();
    join(waiting);
    for (int i = 0; i < THREADS; i++) {
        for (size_t byte = 0; byte < sizeof last[i]; byte++)
            printf("%02x", last[i][byte]);
        putchar('\n');
    }
    truth("rounds", THREADS * ROUNDS);
    CRYPTO_THREAD_lock_free(shared);
    X509_STORE_free(store);
    return finish();
}
