// A C++ program with namespaces, classes and templates, two threads and two locks.
#include "testing.h"
#include <mutex>

namespace bank {

class Account {
  public:
    FRAME void deposit(int amount) {
        std::lock_guard<std::mutex> guard(lock);
        balance += amount;
        sleep_ms(5);
    }

    template <typename Number> FRAME Number audit() {
        std::lock_guard<std::recursive_mutex> guard(audit_lock);
        sleep_ms(2);
        return static_cast<Number>(balance);
    }

  private:
    std::mutex lock;
    std::recursive_mutex audit_lock;
    int balance = 0;
};

static Account account;

} // namespace bank

static void *work(void *unused) {
    for (int i = 0; i < 10; i++) {
        bank::account.deposit(i);
        CHECK(bank::account.audit<long>() >= 0);
    }
    return unused;
}

int main() {
    pthread_t one = spawn("Teller-1", work, nullptr), two = spawn("Teller-2", work, nullptr);
    join(one);
    join(two);
    return finish();
}
