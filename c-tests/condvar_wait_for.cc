// std::condition_variable::wait_for gives the mutex up for 200 ms between two short holds.
#include "testing.h"
#include <chrono>
#include <condition_variable>
#include <mutex>

static std::mutex cxx_lock;
static std::condition_variable condition;

static FRAME void take(std::unique_lock<std::mutex> &guard) {
    guard.lock();
    sleep_ms(10);
}

static FRAME bool wait_for_in_cxx(std::unique_lock<std::mutex> &guard) {
    return condition.wait_for(guard, std::chrono::milliseconds(200)) == std::cv_status::timeout;
}

static FRAME void drop(std::unique_lock<std::mutex> &guard) {
    sleep_ms(10);
    guard.unlock();
}

static void *work(void *unused) {
    std::unique_lock<std::mutex> guard(cxx_lock, std::defer_lock);
    take(guard);
    CHECK(wait_for_in_cxx(guard));
    drop(guard);
    return unused;
}

int main() {
    join(spawn("Waits", work, nullptr));
    return finish();
}
