/* rlock_simple_demo in C++: ten std::threads, one counter, one std::recursive_mutex. */
#include "rlock_cxx.h"

#include <vector>

constexpr int THREADS_OF_A_KIND = 5;
constexpr long EXPECTED = 1000;

class Counter {
  public:
    FRAME void add_one() {
        HOLD(held, lock_);
        value_++;
        work_for_us(1000);
    }

    FRAME void add_two() {
        HOLD(held, lock_);
        value_++;
        add_inside();
    }

    long value() const { return value_; }
    const struct truth &truth() const { return lock_.truth(); }

  private:
    /* Called with the lock held: the second acquisition never waits. */
    FRAME void add_inside() {
        HOLD(held, lock_);
        value_++;
        work_for_us(1000);
    }

    counted_mutex lock_;
    long value_ = 0;
};

static Counter counter;

static void repeat(int times, void (Counter::*step)()) {
    for (int i = 0; i < times; i++) {
        (counter.*step)();
        work_for_us(1000);
    }
}

int main(int argc, char **argv) {
    settings.seconds = 30;
    settings.workers = 2 * THREADS_OF_A_KIND;
    read_settings(argc, argv, 0);
    enable_profiling("rlock-simple-demo", "dev");
    long long begin_ns = now_ns();

    std::vector<std::thread> threads;
    for (int i = 0; i < THREADS_OF_A_KIND; i++) {
        threads.push_back(named_std_thread("Simple", i, [] { repeat(100, &Counter::add_one); }));
        threads.push_back(named_std_thread("Reentrant", i, [] { repeat(50, &Counter::add_two); }));
    }
    for (std::thread &thread : threads)
        thread.join();

    bool right = counter.value() == EXPECTED;
    print_truth_head();
    print_truth("counter", &counter.truth());
    printf("the counter is %ld, %s\n", counter.value(), right ? "as it must be" : "WRONG");
    finish_profiling(begin_ns, settings.seconds);
    return right ? 0 : 1;
}
