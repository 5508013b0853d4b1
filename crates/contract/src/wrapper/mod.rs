//! The functions that merely wrap a lock call: readers want to see who called them.
//!
//! A pattern is a name in which `*` stands for any run of letters, digits and
//! `_`, `{a,b}` for either word, and a `::` may have template arguments before
//! it. Behind the name, template arguments and compilers' tags may follow.
//! Behind a leading `std::`, an inline namespace such as `__1::` may follow.

mod pattern;
#[cfg(test)]
mod tests;

/// One pattern per family of functions.
const PATTERNS: &[&str] = &[
    // C
    "pthread_{mutex,cond,rwlock,spin}_*",
    "__pthread_{mutex,cond,rwlock,spin}_*",
    "___pthread_{mutex,cond,rwlock,spin}_*",
    "mtx_{lock,trylock,timedlock,unlock}",
    "cnd_{wait,timedwait,signal,broadcast}",
    "sem_{init,open,wait,trywait,timedwait,clockwait,post}",
    "__new_sem_*",
    "__gthread_*",
    "__gthrw_*",
    // OpenMP
    "omp_*_{lock,nest_lock}",
    "{GOMP,__kmpc}_{,end_}critical*",
    // libstdc++ and libc++
    "std::*mutex*::*lock*",
    "std::*mutex*::*mutex*",
    "std::{lock_guard,scoped_lock,unique_lock,shared_lock}::{,~}*lock*",
    "std::condition_variable*::{wait,notify}*",
    "std::condition_variable*::_Unlock::{,~}_Unlock",
    "std::__condvar::{wait,notify}*",
    "std::{lock,try_lock}",
    "std::__detail::__*lock*",
    "std::__libcpp_{mutex,recursive_mutex,condvar}_*",
    "std::{latch,barrier,counting_semaphore}::*",
    "std::*atomic*::{wait,notify}*",
    "std::__atomic_{wait,notify}*",
    "std::__detail::__platform_*",
    "std::__detail::__waiter*::*",
    "std::__atomic_semaphore::*",
    "std::__tree_barrier::*",
    // Rust; methods in the way of today's compilers and of those before
    "<std::sys::sync::*::futex::*>::*",
    "std::sys::sync::*::futex::*::*",
    "std::sys::pal::unix::futex::*",
    "{,<}std::sync::{,poison::}{mutex,rwlock,condvar,once,once_lock,lazy_lock}::*::*",
    "<std::sync::{,poison::}{condvar,once}::*>::*",
    "std::thread::{,functions::}{park,park_timeout}",
    "<std::thread::thread::Thread>::unpark",
    "{,<}parking_lot::{raw_mutex,raw_rwlock,condvar,once}::*{,>}::*",
    "parking_lot_core::parking_lot::*",
    // Abseil
    "absl::{Mutex,CondVar}*::*",
    "absl::*::{Mutex,CondVar}*::*",
    "absl::*::synchronization_internal::*::*",
    "AbslInternalPerThreadSem*",
    // TBB
    "tbb::detail::d1::{mutex,rw_mutex}::*",
    "tbb::detail::r1::*_address",
    // Boost
    "boost::*mutex*::*lock*",
    "boost::{lock_guard,unique_lock,shared_lock,upgrade_lock}::{,~}*lock*",
    "boost::condition_variable*::{wait,notify,timed_wait,do_wait}*",
    "boost::{lock,try_lock}",
    "boost::{posix,pthread}::pthread_*",
    "boost::asio::detail::{posix_mutex,conditionally_enabled_mutex}::*lock*",
    "boost::asio::detail::scoped_lock::{,~}*lock*",
    "boost::interprocess::scoped_lock::{,~}*lock*",
    // Other libraries of the system
    "g_{mutex,rec_mutex,rw_lock,cond,static_mutex,static_rec_mutex,futex}_*",
    "g_{mutex,rec_mutex}_locker_*",
    "apr_thread_{mutex,cond,rwlock}_*",
    "uv_{mutex,cond,rwlock,sem}_*",
    "CRYPTO_THREAD_{lock_new,read_lock,write_lock,unlock}",
    "PR_{NewLock,Lock,Unlock,WaitCondVar}",
    "{je_,}malloc_mutex_*",
    "SDL_{CreateMutex,LockMutex,TryLockMutex,UnlockMutex,CondWait,CondWaitTimeout,mutexP,mutexV}",
    "SDL_{CreateSemaphore,SemWait,SemTryWait,SemWaitTimeout,SemPost}",
    // Python
    "PyThread_{allocate_lock,acquire_lock,acquire_lock_timed,release_lock}",
    "acquire_timed",
];

/// What may stand before a name where the compiler shows the type of the result.
const RESULTS: [&str; 4] = ["void ", "bool ", "int ", "std::cv_status "];

/// The regular expression for a profile's `drop_frames`: pprof matches it against
/// the whole name, cut at the first parenthesis, and hides such frames.
#[must_use]
pub fn drop_frames() -> String {
    let alternatives: Vec<String> = PATTERNS.iter().map(|p| pattern::to_regex(p)).collect();
    format!("({})?({})", RESULTS.join("|"), alternatives.join("|"))
}

/// Whether a function of this name merely wraps a lock call. Says the same as
/// [`drop_frames`].
#[must_use]
pub fn is_wrapper(name: &str) -> bool {
    let name = without_parameters(name);
    let bare = RESULTS
        .iter()
        .filter_map(|result| name.strip_prefix(result));
    std::iter::once(name)
        .chain(bare)
        .any(|name| PATTERNS.iter().any(|p| pattern::matches(p, name)))
}

/// A name up to its first parenthesis, as pprof cuts it: these two that are part
/// of a name do not count.
fn without_parameters(name: &str) -> &str {
    let mut from = 0;
    while let Some(found) = name.get(from..).and_then(|rest| rest.find('(')) {
        let at = from + found;
        let (before, behind) = name.split_at_checked(at).unwrap_or((name, ""));
        from = if behind.starts_with("(anonymous namespace)") {
            at + "(anonymous namespace)".len()
        } else if before.ends_with("operator") && behind.starts_with("()") {
            at + "()".len()
        } else {
            return before;
        };
    }
    name
}
