//! The regular expression and the matcher must say the same of every name.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::LazyLock;

use regex::Regex;

use super::*;

const WRAPPERS: &[&str] = &[
    "pthread_mutex_lock",
    "___pthread_mutex_lock",
    "__pthread_cond_wait",
    "pthread_cond_clockwait",
    "mtx_lock",
    "sem_wait",
    "__new_sem_post",
    "PyThread_acquire_lock_timed",
    "PyThread_acquire_lock",
    "acquire_timed",
    "__gthread_mutex_lock",
    "__gthread_recursive_mutex_unlock",
    "std::mutex::lock",
    "std::mutex::lock()",
    "std::__1::mutex::lock",
    "std::__1::mutex::lock[abi:ne180100]()",
    "std::recursive_mutex::try_lock",
    "std::recursive_timed_mutex::_M_clocklock",
    "std::timed_mutex::try_lock_for<long, std::ratio<1l, 1000l> >",
    "bool std::timed_mutex::try_lock_for<long, std::ratio<1l, 1000l> >(x)",
    "std::__timed_mutex_impl<std::timed_mutex>::_M_try_lock_for<long>",
    "std::shared_mutex::lock_shared",
    "std::__shared_mutex_pthread::unlock",
    "std::lock_guard<std::mutex>::lock_guard",
    "std::lock_guard<std::mutex>::lock_guard(std::mutex&)",
    "std::lock_guard::lock_guard",
    "std::lock_guard<std::mutex>::~lock_guard",
    "std::__1::lock_guard<std::__1::mutex>::~lock_guard",
    "std::unique_lock<std::recursive_mutex>::unlock",
    "std::scoped_lock<std::mutex, std::mutex>::scoped_lock",
    "std::shared_lock<std::shared_mutex>::shared_lock",
    "std::lock<std::mutex, std::mutex>",
    "void std::lock<std::mutex, std::mutex>(std::mutex&, std::mutex&)",
    "std::__detail::__lock_impl<std::unique_lock<std::mutex> >",
    "std::condition_variable::wait",
    "void std::condition_variable::wait<main::{lambda()#1}>(std::unique_lock<std::mutex>&)",
    "std::_V2::condition_variable_any::wait<std::unique_lock<std::mutex> >",
    "std::_V2::condition_variable_any::_Unlock<std::mutex>::~_Unlock",
    "std::condition_variable::notify_all",
    "std::__condvar::wait",
    "boost::mutex::lock",
    "boost::unique_lock<boost::mutex>::unique_lock",
    "boost::condition_variable::wait",
    "boost::asio::detail::posix_mutex::lock",
    "g_mutex_lock",
    "g_rec_mutex_unlock",
    "CRYPTO_THREAD_write_lock",
    "omp_set_nest_lock",
    "GOMP_critical_name_start",
    "__kmpc_critical_with_hint",
    "std::latch::wait",
    "std::counting_semaphore<8l>::acquire",
    "std::atomic<int>::wait(int, std::memory_order) const",
    "std::__atomic_base<int>::notify_one()",
    "void std::__detail::__platform_wait<int>(int const*, int)",
    "std::__detail::__waiter<std::integral_constant<bool, true> >::_M_do_wait<int>",
    "std::sys::sync::mutex::futex::Mutex::lock_contended",
    "std::sys::sync::condvar::futex::Condvar::wait_optional_timeout",
    "<std::sys::sync::mutex::futex::Mutex>::lock_contended",
    "<std::sys::sync::once::futex::Once>::call",
    "<std::sync::poison::mutex::Mutex<u32>>::lock",
    "<std::sync::poison::condvar::Condvar>::wait",
    "std::thread::functions::park",
    "std::sys::pal::unix::futex::futex_wake",
    "<std::thread::thread::Thread>::unpark",
    "<parking_lot::raw_mutex::RawMutex>::lock_slow",
    "std::sync::poison::mutex::Mutex<T>::lock",
    "std::sync::once_lock::OnceLock<T>::initialize",
    "std::thread::park",
    "parking_lot::raw_mutex::RawMutex::lock_slow",
    "parking_lot_core::parking_lot::park",
    "absl::lts_20220623::Mutex::LockSlowLoop",
    "absl::Mutex::Lock",
    "AbslInternalPerThreadSemWait_lts_20220623",
    "g_mutex_lock_slowpath",
    "g_futex_wait",
    "tbb::detail::r1::wait_on_address",
];

const OTHERS: &[&str] = &[
    "",
    "main",
    "lock",
    "mutex",
    "my::std::mutex::lock",
    "std::mutex",
    "std::mutex::native_handle",
    "std::vector<std::mutex>::push_back",
    "std::function<void ()>::operator()",
    "std::thread::_Invoker<std::tuple<void (*)(std::mutex&)> >::operator()",
    "std::call_once",
    "std::atomic<int>::load",
    "std::sync::mpmc::Receiver<T>::recv",
    "std::sys::thread::unix::Thread::new",
    "std::thread::spawn",
    "absl::Cache::Lock",
    "omp_get_thread_num",
    "GOMP_parallel",
    "parking_lot_demo::main",
    "Cache::lock",
    "app::mutex::lock",
    "(anonymous namespace)::lock",
    "mtx_report",
    "sem_report",
    "rlock_acquire",
    "lock_PyThread_acquire_lock",
    "gthread_lock",
    "pthread_create",
    "std::lock_free_queue::push",
    "unlock_all",
    "boost::asio::io_context::run",
    "g_main_loop_run",
    "worker<std::mutex::lock>",
    "üöä",
];

/// As pprof does it: the whole name, cut at the first parenthesis.
fn by_regex(name: &str) -> bool {
    static REGEX: LazyLock<Regex> = LazyLock::new(|| {
        // Go's, in which pprof is written, does not know other letters.
        let regex = drop_frames().replace(r"\w", "[0-9A-Za-z_]");
        Regex::new(&format!("^({regex})$")).unwrap()
    });
    REGEX.is_match(without_parameters(name))
}

#[test]
fn wrappers_are_recognised_both_ways() {
    for name in WRAPPERS {
        assert!(is_wrapper(name), "{name}");
        assert!(by_regex(name), "{name}");
    }
}

#[test]
fn other_functions_are_shown_both_ways() {
    for name in OTHERS {
        assert!(!is_wrapper(name), "{name}");
        assert!(!by_regex(name), "{name}");
    }
}

#[test]
fn every_pattern_has_a_name_that_both_ways_accept() {
    for pattern in PATTERNS {
        let mut name = pattern.replace('*', "lock");
        while let Some((begin, rest)) = name.clone().split_once('{') {
            let (words, end) = rest.split_once('}').unwrap();
            let word = words.split(',').next_back().unwrap();
            name = format!("{begin}{word}{end}");
        }
        assert!(is_wrapper(&name), "{pattern}: {name}");
        assert!(by_regex(&name), "{pattern}: {name}");
    }
}

#[test]
fn both_ways_agree_on_names_made_by_chance() {
    let parts = [
        "std::",
        "__1::",
        "mutex",
        "lock_guard",
        "<",
        ">",
        "::",
        "lock",
        "~",
        "unique_lock",
        "void ",
        "wait",
        "condition_variable",
        "x",
        "(",
        "boost::",
        "_M_",
        "[abi:a]",
        "pthread_mutex_",
        " ",
        "(anonymous namespace)",
        "operator()",
    ];
    let mut seed: u64 = 1;
    let (mut yes, mut no) = (0, 0);
    for _ in 0..30_000 {
        let mut name = String::new();
        loop {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let drawn = seed >> 33;
            if drawn.is_multiple_of(7) {
                break;
            }
            let part = usize::try_from(drawn / 7).unwrap() % parts.len();
            name.push_str(parts[part]);
        }
        let expected = by_regex(&name);
        assert_eq!(is_wrapper(&name), expected, "{name}");
        *if expected { &mut yes } else { &mut no } += 1;
    }
    assert!(yes > 100 && no > 100, "{yes} and {no}");
}

#[test]
fn parentheses_that_belong_to_a_name_do_not_cut_it() {
    assert_eq!(without_parameters("a::operator()(int)"), "a::operator()");
    assert_eq!(
        without_parameters("(anonymous namespace)::f(int)"),
        "(anonymous namespace)::f"
    );
    assert_eq!(without_parameters("f(g(h))"), "f");
    assert_eq!(without_parameters("f"), "f");
}

#[test]
fn the_expression_stays_small_enough_to_stand_in_every_profile() {
    assert!(drop_frames().len() < 4096, "{}", drop_frames().len());
}
