// Front waits for a lock whose holder, Middle, waits for another one, which Back keeps for 20 ms.
#include "testing.h"

static pthread_mutex_t near_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t far_lock = PTHREAD_MUTEX_INITIALIZER;
static int back_holds, middle_holds, front_asks;

static FRAME void back_keeps(void) {
    CHECK(pthread_mutex_lock(&far_lock) == 0);
    announce(&back_holds);
    await(&front_asks, 1);
    sleep_ms(20);
    CHECK(pthread_mutex_unlock(&far_lock) == 0);
}

static FRAME void middle_passes_on(void) {
    CHECK(pthread_mutex_lock(&near_lock) == 0);
    announce(&middle_holds);
    CHECK(pthread_mutex_lock(&far_lock) == 0);
    CHECK(pthread_mutex_unlock(&far_lock) == 0);
    CHECK(pthread_mutex_unlock(&near_lock) == 0);
}

static FRAME void front_suffers(void) {
    announce(&front_asks);
    CHECK(pthread_mutex_lock(&near_lock) == 0);
    CHECK(pthread_mutex_unlock(&near_lock) == 0);
}

static void *back(void *unused) {
    back_keeps();
    return unused;
}

static void *middle(void *unused) {
    await(&back_holds, 1);
    middle_passes_on();
    return unused;
}

static void *front(void *unused) {
    await(&middle_holds, 1);
    front_suffers();
    return unused;
}

int main(void) {
    pthread_t threads[] = {spawn("Back", back, NULL), spawn("Middle", middle, NULL),
                           spawn("Front", front, NULL)};
    for (size_t i = 0; i < LENGTH(threads); i++)
        join(threads[i]);
    return finish();
}
