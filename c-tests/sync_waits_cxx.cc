// What C++ makes of conditions, call_once and join; an exception through an initialiser.
#include "testing.h"
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

static std::mutex cxx_lock;
static std::condition_variable cxx_condition;
static bool is_ready;

static FRAME void wait_in_cxx() {
    std::unique_lock<std::mutex> guard(cxx_lock);
    long long begin = now_ns();
    cxx_condition.wait(guard, [] { return is_ready; });
    truth_since("cond_ns", begin);
}

static FRAME void notify_in_cxx() {
    std::lock_guard<std::mutex> guard(cxx_lock);
    is_ready = true;
    cxx_condition.notify_all();
}

static std::once_flag cxx_flag;
static int begun, tries;

static FRAME void initialise_in_cxx() {
    announce(&begun);
    if (tries++ == 0)
        throw std::runtime_error("not yet");
    sleep_ms(50);
}

static FRAME void need_in_cxx() { std::call_once(cxx_flag, initialise_in_cxx); }

static FRAME void fail_in_cxx() {
    try {
        need_in_cxx();
    } catch (const std::runtime_error &) {
        return;
    }
    CHECK(false);
}

static FRAME void join_in_cxx(std::thread &thread) { thread.join(); }

int main() {
    std::thread waits(wait_in_cxx);
    sleep_ms(50);
    notify_in_cxx();
    join_in_cxx(waits);
    fail_in_cxx();
    std::thread first(need_in_cxx);
    await(&begun, 2);
    long long begin = now_ns();
    need_in_cxx();
    truth_since("once_ns", begin);
    join_in_cxx(first);
    return finish();
}
