/* rlock_heavy_contention in C++: fifteen std::threads fight for one std::recursive_mutex on the heap. */
#include "rlock_cxx.h"

#include <memory>
#include <vector>

constexpr int WRITERS = 3, READERS = 8, NESTED = 4;
constexpr int FIXED_ROUNDS = 20;

class SharedObject {
  public:
    FRAME void write_item() {
        HOLD(held, lock_);
        writes_++;
        work_for_us(10000);
    }

    FRAME void read_items() {
        HOLD(held, lock_);
        reads_++;
        work_for_us(1000);
    }

    FRAME void nest_three_deep() {
        HOLD(outer, lock_);
        HOLD(middle, lock_);
        HOLD(inner, lock_);
        nested_++;
        work_for_us(5000);
    }

    FRAME void print_items() {
        HOLD(held, lock_);
        printf("%ld writes, %ld reads, %ld nested rounds\n", writes_, reads_, nested_);
    }

    bool is_right() const {
        return truth().acquisitions == writes_ + reads_ + 3 * nested_ + 1 &&
               truth().nested == 2 * nested_;
    }

    const struct truth &truth() const { return lock_.truth(); }
    const void *lock_address() { return lock_.address(); }

  private:
    counted_mutex lock_;
    long writes_ = 0, reads_ = 0, nested_ = 0;
};

/* One round after the other, until the time is up or all of them are done. */
template <typename Step> static void live(long long end_ns, Step step) {
    for (int round = 0; settings.fixed_work ? round < FIXED_ROUNDS : now_ns() < end_ns; round++)
        step();
}

int main(int argc, char **argv) {
    settings.seconds = 60;
    settings.workers = WRITERS + READERS + NESTED;
    read_settings(argc, argv, 0);
    enable_profiling("rlock-heavy-contention", "demo");
    auto shared = std::make_unique<SharedObject>();
    /* std::recursive_mutex is initialised without a call, so only its first user could name it. */
    (void)lockprof_name_lock(shared->lock_address(), "SharedObject");
    long long begin_ns = now_ns();
    long long end_ns = begin_ns + settings.seconds * 1000000000LL;

    std::vector<std::thread> threads;
    auto start = [&](const char *role, int count, void (SharedObject::*use)(), long gap_us) {
        for (int i = 0; i < count; i++)
            threads.push_back(named_std_thread(role, i, [&shared, end_ns, use, gap_us] {
                live(end_ns, [&] {
                    ((*shared).*use)();
                    gap_us > 0 ? work_for_us(gap_us) : let_others_in();
                });
            }));
    };
    start("Writer", WRITERS, &SharedObject::write_item, 1000);
    start("Reader", READERS, &SharedObject::read_items, 0);
    start("Nested", NESTED, &SharedObject::nest_three_deep, 2000);
    for (std::thread &thread : threads)
        thread.join();

    shared->print_items();
    print_truth_head();
    print_truth("SharedObject", &shared->truth());
    bool right = shared->is_right();
    printf("the sums are %s\n", right ? "as they must be" : "WRONG");
    finish_profiling(begin_ns, 0);
    return right ? 0 : 1;
}
