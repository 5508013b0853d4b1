//! The gates of aarch64 as the macros of Rust make them, one of each shape, under the names that aarch64_gates.c knows.
#![feature(no_core)]
#![no_core]
#![allow(internal_features, reason = "there is no standard library")]
#![allow(unexpected_cfgs, reason = "known to Cargo.toml only")]
#![allow(
    unused_imports,
    dead_code,
    reason = "the rest of the library is missing"
)]

#[macro_use]
extern crate std;

mod record {
    pub(crate) struct Filling;
}

#[path = "../../src/intercept"]
mod intercept {
    // The whole of it: so it is also seen which file this processor gets.
    mod arch;

    mod thread {
        pub(crate) struct Thread;
    }

    mod capture {
        pub(crate) struct Caller;
    }

    mod locking {
        unsafe extern "C" {
            #[link_name = "real"]
            pub(super) static REAL: *const ();
        }
    }

    use arch::{early, entry, gate};

    unsafe extern "C" {
        #[link_name = "slot"]
        static SLOT: *const ();
        fn resolve();
        fn sampled();
        fn unsettled();
        fn held();
        fn handler();
    }

    entry! {
        #[unsafe(no_mangle)]
        pub(crate) fn entry(mutex: *mut u8) -> i32 => SLOT
    }
    early! {
        fn early(mutex: *mut u8) -> i32 => resolve, SLOT
    }
    gate! {
        #[unsafe(no_mangle)]
        pub(crate) fn acquire(mutex: *mut u8) -> i32
            => acquire { try: locking, sampled: sampled, unsettled: unsettled }
    }
    gate! {
        #[unsafe(no_mangle)]
        pub(crate) fn acquire_by_test(lock: *mut u8) -> i32
            => acquire_by_test { test: locking, sampled: sampled, unsettled: unsettled }
    }
    gate! {
        #[unsafe(no_mangle)]
        pub(crate) fn acquire_sem(semaphore: *mut u8) -> i32
            => acquire_sem { real: locking, sampled: sampled, unsettled: unsettled }
    }
    gate! {
        #[unsafe(no_mangle)]
        pub(crate) fn attempt(mutex: *mut u8) -> i32 => attempt { real: locking, sampled: sampled }
    }
    gate! {
        #[unsafe(no_mangle)]
        pub(crate) fn release(mutex: *mut u8) -> i32 => release { real: locking, held: held }
    }
    gate! {
        #[unsafe(no_mangle)]
        pub(crate) fn release_rwlock(lock: *mut u8) -> i32
            => release_rwlock { real: locking, held: held }
    }
    gate! {
        #[unsafe(no_mangle)]
        pub(crate) fn release_held(lock: *mut u8) -> i32
            => release_held { real: locking, held: held }
    }
    gate! {
        #[unsafe(no_mangle)]
        pub(crate) fn release_sem(semaphore: *mut u8) -> i32 => release_sem { real: locking, held: held }
    }
    gate! {
        #[unsafe(no_mangle)]
        pub(crate) fn release_openmp(lock: *mut u8) -> i32
            => release_openmp { real: locking, held: held }
    }
    gate! {
        #[unsafe(no_mangle)]
        pub(crate) fn futex(number: u64, a: u64, b: u64) -> i64 => futex { real: locking, handler: handler }
    }
    gate! {
        #[unsafe(no_mangle)]
        pub(crate) fn call_of_0() -> i32 => call { handler }
    }
    gate! {
        #[unsafe(no_mangle)]
        pub(crate) fn call_of_1(a: u64) -> i32 => call { handler }
    }
    gate! {
        #[unsafe(no_mangle)]
        pub(crate) fn call_of_2(a: u64, b: u64) -> i32 => call { handler }
    }
    gate! {
        #[unsafe(no_mangle)]
        pub(crate) fn call_of_3(a: u64, b: u64, c: u64) -> i32 => call { handler }
    }
    gate! {
        #[unsafe(no_mangle)]
        pub(crate) fn call_of_4(a: u64, b: u64, c: u64, d: u64) -> i32 => call { handler }
    }

    #[unsafe(no_mangle)]
    extern "C" fn early_address() -> unsafe extern "C" fn() {
        early
    }

    #[unsafe(no_mangle)]
    extern "C" fn thread_address() -> *const thread::Thread {
        arch::thread()
    }
}
