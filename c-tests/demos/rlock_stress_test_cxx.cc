/* rlock_stress_test in C++: a pool of std::threads at four std::recursive_mutexes, through three phases. */
#include "rlock_cxx.h"

#include <array>
#include <vector>

constexpr int FIXED_ROUNDS = 10;

class Stress {
  public:
    counted_mutex shared_resource, counter, cache, nested;

    FRAME void use_shared_resource() {
        HOLD(held, shared_resource);
        uses_++;
        work_for_us(1000);
    }

    FRAME void increment_counter() {
        HOLD(held, counter);
        count_++;
        work_for_us(100);
    }

    FRAME void look_up(size_t slot) {
        HOLD(held, cache);
        if (cached_[slot] == 0)
            fill_slot(slot);
        else
            hits_++;
        /* What is cached does not stay for ever. */
        if ((hits_ + misses_) % 16 == 0)
            cached_[slot] = 0;
    }

    FRAME void level_one() {
        HOLD(held, nested);
        depths_++;
        level_two();
    }

    bool is_right() const {
        return shared_resource.truth().acquisitions == uses_ &&
               counter.truth().acquisitions == count_ && cache.truth().nested == misses_ &&
               cache.truth().acquisitions == hits_ + 2 * misses_ &&
               nested.truth().acquisitions == depths_ && nested.truth().nested * 3 == depths_ * 2;
    }

    FRAME void mix(int worker) {
        switch (worker % 4) {
        case 0: repeat(5, &Stress::use_shared_resource); break;
        case 1: repeat(10, &Stress::increment_counter); break;
        case 2: repeat(3, &Stress::level_one); break;
        default: use_cache(worker);
        }
    }

    void repeat(int times, void (Stress::*what)()) {
        for (int i = 0; i < times; i++) {
            (this->*what)();
            let_others_in();
        }
    }

    void print() const {
        printf("counter %ld, cache %ld hits and %ld misses, resource used %ld times\n", count_,
               hits_, misses_, uses_);
        print_truth_head();
        print_truth("shared_resource", &shared_resource.truth());
        print_truth("counter", &counter.truth());
        print_truth("cache", &cache.truth());
        print_truth("nested", &nested.truth());
    }

  private:
    /* With the lock that `look_up` has: re-entrant in its turn. */
    FRAME void fill_slot(size_t slot) {
        HOLD(held, cache);
        cached_[slot] = 1;
        misses_++;
        work_for_us(500);
    }

    FRAME void level_two() {
        HOLD(held, nested);
        depths_++;
        level_three();
    }

    FRAME void level_three() {
        HOLD(held, nested);
        depths_++;
        work_for_us(500);
    }

    FRAME void use_cache(int worker) {
        for (int i = 0; i < 10; i++) {
            look_up(static_cast<size_t>(worker * 7 + i * 3) % cached_.size());
            let_others_in();
        }
    }

    long uses_ = 0, count_ = 0, hits_ = 0, misses_ = 0, depths_ = 0;
    std::array<long, 64> cached_ = {};
};

static Stress stress;
static long long begin_ns;

/* Whether a phase, the first of which is 1, is to have another round. */
static bool goes_on(int phase, int round) {
    if (settings.fixed_work)
        return round < FIXED_ROUNDS;
    return now_ns() - begin_ns < settings.seconds * 1000000000LL / 3 * phase;
}

static void live(int worker) {
    for (int round = 0; goes_on(1, round); round++)
        stress.repeat(settings.quick ? 10 : 50, &Stress::use_shared_resource);
    for (int round = 0; goes_on(2, round); round++)
        stress.repeat(settings.quick ? 4 : 20, &Stress::level_one);
    for (int round = 0; goes_on(3, round); round++)
        stress.mix(worker);
}

int main(int argc, char **argv) {
    settings.seconds = 60;
    settings.workers = 10;
    read_settings(argc, argv, 2);
    enable_profiling("rlock-stress-test", "dev");
    (void)lockprof_name_lock(stress.shared_resource.address(), "shared_resource");
    (void)lockprof_name_lock(stress.counter.address(), "counter");
    (void)lockprof_name_lock(stress.cache.address(), "cache");
    (void)lockprof_name_lock(stress.nested.address(), "nested");
    printf("%d workers, %d seconds: contention, re-entrancy, mixed\n", settings.workers,
           settings.seconds);
    fflush(stdout);

    std::vector<std::thread> threads;
    begin_ns = now_ns();
    for (int i = 0; i < settings.workers; i++)
        threads.push_back(named_std_thread("Worker", i, [i] { live(i); }));
    for (std::thread &thread : threads)
        thread.join();

    stress.print();
    bool right = stress.is_right();
    printf("the sums are %s\n", right ? "as they must be" : "WRONG");
    finish_profiling(begin_ns, 0);
    return right ? 0 : 1;
}
