// Five functions of which three are inlined: what debug_formats.rs asks for.

extern "C" void probe();

namespace bank {
struct Account {
    long balance = 0;
    long add(long amount)
    {
        probe(); // asks
        balance += amount;
        return balance;
    }
};

template <class T> struct Twice {
    static long add(Account &account, T amount)
    {
        auto once = [&](T part) {
            return account.add(part) + 1; // calls add
        };
        return once(amount) * 2; // calls the lambda
    }
};
} // namespace bank

bank::Account account;

namespace {
__attribute__((noinline)) long deposit(long amount)
{
    return bank::Twice<int>::add(account, static_cast<int>(amount)) + 1; // calls Twice::add
}
} // namespace

int main(int count, char **)
{
    return deposit(count) == 5 ? 0 : 1; // calls deposit
}
