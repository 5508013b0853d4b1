/* What the C++ demos add to rlock.h: std::recursive_mutex that counts what is done with it, and threads with names. */
#ifndef RLOCK_CXX_H
#define RLOCK_CXX_H

#include "rlock.h"

#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

/* For std::lock_guard; its calls are inlined, so that whoever makes the guard stands in the profile. */
class counted_mutex {
  public:
    __attribute__((always_inline)) void lock() {
        long long asked_ns = now_ns();
        mutex_.lock();
        note_taken(&truth_, asked_ns);
    }

    __attribute__((always_inline)) void unlock() {
        note_given(&truth_);
        mutex_.unlock();
    }

    const struct truth &truth() const { return truth_; }
    /* What lockprof_name_lock wants. */
    const void *address() { return mutex_.native_handle(); }

  private:
    std::recursive_mutex mutex_;
    struct truth truth_ = {};
};

/* Inlined too: the standard library's guard is a function of its own without optimisation. */
using guard = std::lock_guard<counted_mutex>;

inline std::thread named_std_thread(const char *role, int number, std::function<void()> body) {
    std::string name = std::string(role) + "-" + std::to_string(number);
    return std::thread([name, body = std::move(body)] {
        pthread_setname_np(pthread_self(), name.c_str());
        body();
    });
}

#endif
