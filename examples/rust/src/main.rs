//! A Rust program that gives its locks names: four recursive mutexes of the C library, each taken twice at once.
//!
//!     cargo build --manifest-path examples/rust/Cargo.toml
//!     lockprof run --sample 1 -- examples/rust/target/debug/named-locks
//!
//! In the root of the repository; of an installed package, in a copy of the examples.

mod lockprof;

use std::cell::UnsafeCell;
use std::ffi::CString;
use std::thread;

const SHARDS: usize = 4;
const THREADS: usize = 4;
const ROUNDS: usize = 500;

/// A recursive mutex, as `std` has none. Boxed, because a mutex must not move.
struct Recursive(Box<UnsafeCell<libc::pthread_mutex_t>>);

// SAFETY: a mutex is made to be used by many threads.
unsafe impl Sync for Recursive {}

impl Recursive {
    fn named(name: &str) -> Self {
        let mutex = Self(Box::new(UnsafeCell::new(
            libc::PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP,
        )));
        let name = CString::new(name).expect("no name has a zero in it");
        lockprof::name_lock(mutex.0.get(), &name);
        mutex
    }

    fn with<R>(&self, work: impl FnOnce() -> R) -> R {
        // SAFETY: initialised, and it stays where it is.
        assert_eq!(unsafe { libc::pthread_mutex_lock(self.0.get()) }, 0);
        let result = work();
        // SAFETY: this thread holds it.
        assert_eq!(unsafe { libc::pthread_mutex_unlock(self.0.get()) }, 0);
        result
    }
}

fn main() {
    let shards: Vec<_> = (0..SHARDS)
        .map(|i| Recursive::named(&format!("shard {i}")))
        .collect();
    thread::scope(|scope| {
        for number in 0..THREADS {
            let shards = &shards;
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let shard = &shards[(number + round) % SHARDS];
                    shard.with(|| shard.with(|| std::hint::black_box(round)));
                }
            });
        }
    });
    println!("{} acquisitions", THREADS * ROUNDS * 2);
    if lockprof::flush() == lockprof::ABSENT {
        println!("liblockprof is not loaded");
    }
}
