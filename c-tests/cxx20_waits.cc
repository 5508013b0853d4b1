// What C++20 waits by: each kind once, ended by another thread after some time.
#include "testing.h"
#include <atomic>
#include <barrier>
#include <latch>
#include <mutex>
#include <semaphore>
#include <shared_mutex>
#include <thread>

static std::atomic<int> word{0};
static std::latch gate{1};
static std::barrier<> meeting{2};
static std::counting_semaphore<8> tickets{0};
static std::shared_mutex document;
static int about_to_wait;

static FRAME void wait_for_word() { word.wait(0); }
static FRAME void wait_at_latch() { gate.wait(); }
static FRAME void wait_at_barrier() { meeting.arrive_and_wait(); }
static FRAME void wait_for_ticket() { tickets.acquire(); }

static FRAME void wait_to_write() {
    std::unique_lock<std::shared_mutex> writing(document);
    CHECK(writing.owns_lock());
}

static FRAME void change_word() {
    word = 1;
    word.notify_one();
}

static FRAME void open_latch() { gate.count_down(); }
static FRAME void come_to_barrier() { meeting.arrive_and_wait(); }
static FRAME void sell_ticket() { tickets.release(); }

static FRAME void read_for_long() {
    std::shared_lock<std::shared_mutex> reading(document);
    announce(&about_to_wait);
    sleep_ms(50);
}

static const struct Turn {
    void (*wait)();
    void (*end)();
} turns[] = {
    {wait_for_word, change_word},
    {wait_at_latch, open_latch},
    {wait_at_barrier, come_to_barrier},
    {wait_for_ticket, sell_ticket},
};

static void wait_in_turn() {
    for (const Turn &turn : turns) {
        announce(&about_to_wait);
        long long begin = now_ns();
        turn.wait();
        truth("wait_ns", now_ns() - begin);
    }
    await(&about_to_wait, LENGTH(turns) + 1);
    wait_to_write();
}

int main() {
    std::thread waits(wait_in_turn);
    for (unsigned i = 0; i < LENGTH(turns); i++) {
        await(&about_to_wait, (int)i + 1);
        sleep_ms(50);
        turns[i].end();
    }
    read_for_long();
    waits.join();
    return finish();
}
