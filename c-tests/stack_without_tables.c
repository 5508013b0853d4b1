// Functions without unwind tables, one with a frame pointer and one without, stand below a lock.
#include "testing.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((noipa, used)) static void take_below_pointer(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

__attribute__((noipa, used)) static void take_below_nothing(void) {
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

__asm__(".text\n"
        ".type with_pointer, @function\n"
        "with_pointer:\n"
        "pushq %rbp\n"
        "movq %rsp, %rbp\n"
        "call take_below_pointer\n"
        "popq %rbp\n"
        "ret\n"
        ".size with_pointer, .-with_pointer\n"
        ".type without_pointer, @function\n"
        "without_pointer:\n"
        "pushq %rbp\n"
        "xorl %ebp, %ebp\n"
        "call take_below_nothing\n"
        "popq %rbp\n"
        "ret\n"
        ".size without_pointer, .-without_pointer\n");
void with_pointer(void);
void without_pointer(void);

static FRAME void call_both(void) {
    with_pointer();
    without_pointer();
}

int main(void) {
    for (int i = 0; i < 10; i++)
        call_both();
    return finish();
}
