// A library with functions of OpenMP of its own, which count their calls: as if another OpenMP were in it.
typedef struct {
    long taken, given_back;
} foreign_lock_t;

void omp_init_lock(foreign_lock_t *lock);
void omp_set_lock(foreign_lock_t *lock);
void omp_unset_lock(foreign_lock_t *lock);
int omp_test_lock(foreign_lock_t *lock);
int run_foreign(void);

void omp_init_lock(foreign_lock_t *lock) { lock->taken = lock->given_back = 0; }
void omp_set_lock(foreign_lock_t *lock) { lock->taken++; }
void omp_unset_lock(foreign_lock_t *lock) { lock->given_back++; }

int omp_test_lock(foreign_lock_t *lock) {
    lock->taken++;
    return 1;
}

__attribute__((noipa)) static void take_foreign(foreign_lock_t *lock) {
    omp_set_lock(lock);
    omp_unset_lock(lock);
}

int run_foreign(void) {
    foreign_lock_t lock = {-1, -1};
    omp_init_lock(&lock);
    for (int i = 0; i < 100; i++)
        take_foreign(&lock);
    return lock.taken == 100 && lock.given_back == 100;
}
