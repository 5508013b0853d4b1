// Four C++ threads allocate, throw and lock; for running under foreign allocators.
#include "testing.h"
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

static std::mutex map_lock;
static std::recursive_mutex depth_lock;
static std::map<std::string, int> map;

static FRAME void insert(int i) {
    std::lock_guard<std::mutex> guard(map_lock);
    map["a rather long key, so that it is on the heap " + std::to_string(i % 100)]++;
}

static FRAME void throw_under_lock() {
    std::lock_guard<std::recursive_mutex> outer(depth_lock);
    std::lock_guard<std::recursive_mutex> inner(depth_lock);
    throw std::runtime_error("as planned");
}

static void work() {
    for (int i = 0; i < 50; i++) {
        insert(i);
        try {
            throw_under_lock();
        } catch (const std::runtime_error &) {
        }
    }
}

int main() {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++)
        threads.emplace_back(work);
    for (auto &thread : threads)
        thread.join();
    int total = 0;
    for (const auto &entry : map)
        total += entry.second;
    printf("inserted %d\n", total);
    return finish();
}
