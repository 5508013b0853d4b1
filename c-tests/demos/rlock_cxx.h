/* What the C++ demos add to rlock.h: std::recursive_mutex that counts what is done with it, and threads with names. */
#ifndef RLOCK_CXX_H
#define RLOCK_CXX_H

#include "rlock.h"

#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

struct counted_mutex {
    std::recursive_mutex mutex;
    struct truth counts = {};

    const struct truth &truth() const { return counts; }
    /* What lockprof_name_lock wants. */
    const void *address() { return mutex.native_handle(); }
};

/* Counts while a mutex is held: made after its guard, and gone before it. */
class counted {
  public:
    counted(struct truth &counts, long long asked_ns) : counts_(counts) { note_taken(&counts_, asked_ns); }
    ~counted() { note_given(&counts_); }
    counted(const counted &) = delete;
    counted &operator=(const counted &) = delete;

  private:
    struct truth &counts_;
};

/* Holds a counted_mutex to the end of the block. A macro, so that whoever uses it stands in the profile,
 * above the standard library's guard: a guard of our own would stand there once source lines are known. */
#define HOLD(guard, lock)                                 \
    long long guard##_asked_ns = now_ns();                \
    std::lock_guard<std::recursive_mutex> guard(lock.mutex); \
    counted guard##_counted(lock.counts, guard##_asked_ns)

inline std::thread named_std_thread(const char *role, int number, std::function<void()> body) {
    std::string name = std::string(role) + "-" + std::to_string(number);
    return std::thread([name, body = std::move(body)] {
        pthread_setname_np(pthread_self(), name.c_str());
        body();
    });
}

#endif
