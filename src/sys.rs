//! What we ask of the system: clocks, thread ids, errno, names, a word to sleep on.
#![allow(unsafe_code, reason = "every function here is a call into libc")]

mod interruption;

use std::cell::Cell;
use std::ffi::{CStr, c_int, c_long, c_void};
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

pub(crate) use self::interruption::{
    allow_cancellation_anywhere, block_signals, defer_cancellation, is_on_signal_stack,
    put_off_handlers, restore_signals, stay_uncancelled, stay_undisturbed,
};

/// Nanoseconds of the clock that never jumps.
#[inline]
pub(crate) fn monotonic_ns() -> u64 {
    clock_ns(libc::CLOCK_MONOTONIC)
}

/// What reading that clock adds to a time between two readings, as [`learn_clock`]
/// found it.
#[inline]
pub(crate) fn clock_cost_ns() -> u64 {
    CLOCK_COST_NS.load(Ordering::Relaxed)
}

static CLOCK_COST_NS: AtomicU64 = AtomicU64::new(0);

/// Learns what reading the clock costs: the least of a few readings one right after
/// the other. Called once, before anything is measured.
pub(crate) fn learn_clock() {
    find_clock();
    const READINGS: usize = 16;
    let times = [(); READINGS].map(|()| monotonic_ns());
    let least = times
        .iter()
        .zip(times.iter().skip(1))
        .map(|(a, b)| b - a)
        .min();
    CLOCK_COST_NS.store(least.unwrap_or(0), Ordering::Relaxed);
}

/// The C library's own clock; null while it is not known.
static CLOCK: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());

/// Finds the C library's own clock. Another preloaded library may stand before it, as
/// libfaketime does, and take a lock of its own each time: the very lock that we are
/// timing, held by the thread that asks.
fn find_clock() {
    let flags = libc::RTLD_LAZY | libc::RTLD_NOLOAD;
    // SAFETY: the name is terminated; nothing is loaded that is not there already.
    let library = unsafe { libc::dlopen(c"libc.so.6".as_ptr(), flags) };
    if library.is_null() {
        return;
    }
    // SAFETY: a handle from above, never closed; the name is terminated.
    let clock = unsafe { libc::dlsym(library, c"clock_gettime".as_ptr()) };
    // Relaxed here and below: code is not data.
    CLOCK.store(clock, Ordering::Relaxed);
}

type Clock = unsafe extern "C" fn(libc::clockid_t, *mut libc::timespec) -> c_int;

#[inline]
fn clock() -> Clock {
    let found = CLOCK.load(Ordering::Relaxed);
    if found.is_null() {
        return libc::clock_gettime;
    }
    // SAFETY: a function of this name and so of this type.
    unsafe { std::mem::transmute::<*mut c_void, Clock>(found) }
}

/// Nanoseconds since 1970.
pub(crate) fn realtime_ns() -> u64 {
    clock_ns(libc::CLOCK_REALTIME)
}

#[inline]
fn clock_ns(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid place to write to; an unknown clock leaves it alone.
    unsafe { self::clock()(clock, &raw mut time) };
    time.tv_sec
        .cast_unsigned()
        .wrapping_mul(1_000_000_000)
        .wrapping_add(time.tv_nsec.cast_unsigned())
}

/// The kernel's id of the calling thread.
pub(crate) fn thread_id() -> u32 {
    // SAFETY: takes nothing, cannot fail. (`libc::gettid` wants glibc 2.30.)
    let id = unsafe { libc::syscall(libc::SYS_gettid) };
    u32::try_from(id).unwrap_or(0)
}

/// How often the calling thread has slept so far: given up its processor of itself, as
/// getrusage(2) counts it. None where a filter forbids to ask.
pub(crate) fn sleeps() -> Option<i64> {
    let before = errno();
    // SAFETY: all zeros is such a record.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: writes one record there.
    let failed = unsafe { libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage) } != 0;
    if failed {
        set_errno(before);
    }
    (!failed).then_some(usage.ru_nvcsw)
}

/// What `pthread_self` says of the calling thread.
pub(crate) fn pthread_id() -> u64 {
    // SAFETY: takes nothing, cannot fail.
    unsafe { libc::pthread_self() }
}

/// The process id.
pub(crate) fn process_id() -> u32 {
    std::process::id()
}

/// Whom files that this process makes belong to.
pub(crate) fn effective_user() -> u32 {
    // SAFETY: takes nothing, cannot fail.
    unsafe { libc::geteuid() }
}

/// The calling thread's name as the kernel keeps it, padded with zeros.
pub(crate) fn thread_name() -> [u8; 16] {
    let mut name = [0_u8; 16];
    // SAFETY: the kernel writes at most 16 bytes, terminator included.
    unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    name
}

/// The calling thread's errno.
pub(crate) fn errno() -> c_int {
    errno_place().get()
}

/// Puts errno back.
pub(crate) fn set_errno(code: c_int) {
    errno_place().set(code);
}

fn errno_place<'a>() -> &'a Cell<c_int> {
    // SAFETY: takes nothing, cannot fail.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: this thread's errno, which lives as long as the thread and is used
    // by nobody else; the reference stays in this file.
    unsafe { &*place.cast::<Cell<c_int>>() }
}

/// A copy of an environment variable. The host may overwrite the memory behind
/// `getenv` later (servers do, to change their title), so nothing keeps it.
pub(crate) fn environment(name: &CStr) -> Option<String> {
    // SAFETY: the name is terminated.
    let value = unsafe { libc::getenv(name.as_ptr()) };
    if value.is_null() {
        return None;
    }
    // SAFETY: a non-null answer is a terminated string, valid until the
    // environment changes; it is copied at once.
    let value = unsafe { CStr::from_ptr(value) };
    Some(value.to_string_lossy().into_owned())
}

/// The names of the environment variables that begin so. Asked before the host can be
/// changing them.
pub(crate) fn environment_names(prefix: &str) -> Vec<String> {
    unsafe extern "C" {
        static environ: *const *const std::ffi::c_char;
    }
    let mut names = Vec::new();
    // SAFETY: the C library's own list, which the caller knows nobody changes now.
    let mut next = unsafe { environ };
    // SAFETY: not past the null that ends the list, which may be absent altogether.
    while let Some(&entry) = unsafe { next.as_ref() }
        && !entry.is_null()
    {
        // SAFETY: every entry is a terminated string.
        let text = unsafe { CStr::from_ptr(entry) }.to_string_lossy();
        if let Some((name, _)) = text.split_once('=')
            && name.starts_with(prefix)
        {
            names.push(name.to_owned());
        }
        // SAFETY: this entry was not the last.
        next = unsafe { next.add(1) };
    }
    names
}

/// Writes bytes to standard error; what cannot be written is gone.
pub(crate) fn write_stderr(bytes: &[u8]) {
    // SAFETY: pointer and length belong to one slice.
    unsafe { libc::write(libc::STDERR_FILENO, bytes.as_ptr().cast(), bytes.len()) };
}

/// Sleeps until the word is no longer `expected`, somebody wakes it, or time is up.
pub(crate) fn sleep_on(word: &AtomicU32, expected: u32, limit: Duration) {
    let limit = libc::timespec {
        tv_sec: c_long::try_from(limit.as_secs()).unwrap_or(c_long::MAX),
        tv_nsec: c_long::from(limit.subsec_nanos()),
    };
    // SAFETY: the word outlives the call, the time is well formed.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
            expected,
            &raw const limit,
        )
    };
}

/// Wakes one thread that sleeps on the word.
pub(crate) fn wake(word: &AtomicU32) {
    let one: c_int = 1;
    // SAFETY: the word outlives the call.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
            one,
        )
    };
}

/// Wakes one thread that waits for a lock of the host at this word; `shared` when
/// it may be in another process.
pub(crate) fn wake_one_of(word: &AtomicU32, shared: bool) {
    let private = if shared { 0 } else { libc::FUTEX_PRIVATE_FLAG };
    let one: c_int = 1;
    // SAFETY: the word outlives the call.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAKE | private,
            one,
        )
    };
}

/// Makes the calling thread an ordinary one, if it has inherited more: what it does may take
/// long, and nobody waits for it.
pub(crate) fn leave_real_time() {
    // SAFETY: takes a number only: that of the calling thread.
    let policy = unsafe { libc::sched_getscheduler(0) } & !libc::SCHED_RESET_ON_FORK;
    if matches!(policy, libc::SCHED_FIFO | libc::SCHED_RR) {
        let ordinary = libc::sched_param { sched_priority: 0 };
        // SAFETY: a valid place to read from. Should it fail, all stays as it was.
        unsafe { libc::sched_setscheduler(0, libc::SCHED_OTHER, &raw const ordinary) };
    }
}

/// Whether the word at an address can be read, whatever lies there: the kernel looks at a
/// signal mask before it says that nobody asked for anything (as in Abseil).
#[cfg_attr(
    any(lockprof_portable, not(target_arch = "x86_64")),
    allow(dead_code, reason = "only our own unwinder looks where it may read")
)]
pub(crate) fn is_readable(address: u64) -> bool {
    const NOTHING: c_int = -1;
    let before = errno();
    // SAFETY: the kernel checks the address itself; no mask is changed by an unknown request.
    let code = unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            NOTHING,
            address,
            std::ptr::null_mut::<c_void>(),
            size_of::<u64>(),
        )
    };
    let is_fault = code == -1 && errno() == libc::EFAULT;
    set_errno(before);
    !is_fault
}

/// Whether a thread of this process has ended.
pub(crate) fn has_thread_ended(id: u32) -> bool {
    let before = errno();
    // SAFETY: takes numbers only; signal 0 is none.
    let code = unsafe { libc::syscall(libc::SYS_tgkill, process_id(), id, 0) };
    let has_ended = code == -1 && errno() == libc::ESRCH;
    set_errno(before);
    has_ended
}

/// Has `handler` called by `quick_exit`, which calls no destructor.
pub(crate) fn at_quick_exit(handler: extern "C" fn(*mut c_void)) {
    // What `at_quick_exit` itself calls; no library, since ours is never unloaded.
    unsafe extern "C" {
        fn __cxa_at_quick_exit(
            handler: extern "C" fn(*mut c_void),
            library: *const c_void,
        ) -> c_int;
    }
    // SAFETY: the handler is a function of a library that stays.
    unsafe { __cxa_at_quick_exit(handler, std::ptr::null()) };
}

/// Whether the process has more privileges than who started it (set-uid and the like).
pub(crate) fn is_privileged() -> bool {
    // SAFETY: asks for a number the kernel gave to the process.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// Whether some loaded file has a symbol of this name.
pub(crate) fn has_symbol(name: &CStr) -> bool {
    // SAFETY: the name is terminated; asking for a symbol has no other effect.
    unsafe { !libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()).is_null() }
}

/// Ends the process as `exit` does.
pub(crate) fn exit_process() -> ! {
    // SAFETY: called once, by our own thread, when no other thread is left.
    unsafe { libc::exit(0) }
}

/// The machine's name; empty when it has none.
pub(crate) fn host_name() -> String {
    let mut name = [0_u8; 256];
    // SAFETY: pointer and length belong to one array, whose last byte stays zero.
    unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len() - 1) };
    let name = CStr::from_bytes_until_nul(&name).unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Random bits from the kernel; of the clock while it has none yet.
pub(crate) fn random() -> u128 {
    let mut bits = [0_u8; 16];
    // SAFETY: pointer and length belong to one array.
    let len = unsafe { libc::getrandom(bits.as_mut_ptr().cast(), bits.len(), libc::GRND_NONBLOCK) };
    if usize::try_from(len) == Ok(bits.len()) {
        u128::from_ne_bytes(bits)
    } else {
        u128::from(realtime_ns()) << 64 | u128::from(monotonic_ns() ^ pthread_id())
    }
}

/// Device and inode of an open file; none when it is not open.
pub(crate) fn file_identity(descriptor: c_int) -> Option<(u64, u64)> {
    let mut status = std::mem::MaybeUninit::<libc::stat>::uninit();
    // SAFETY: `status` is a valid place to write to.
    let failed = unsafe { libc::fstat(descriptor, status.as_mut_ptr()) };
    if failed != 0 {
        return None;
    }
    // SAFETY: it was written, since the call did not fail.
    let status = unsafe { status.assume_init() };
    Some((status.st_dev, status.st_ino))
}

/// Largest file this process may write, in bytes.
pub(crate) fn file_size_limit() -> u64 {
    let mut limit = libc::rlimit {
        rlim_cur: libc::RLIM_INFINITY,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: `limit` is a valid place to write to; on failure it stays as it is.
    unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit) };
    limit.rlim_cur
}

/// Largest number a descriptor of this process may have, and one more.
pub(crate) fn descriptor_limit() -> u64 {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `limit` is a valid place to write to; on failure it stays as it is.
    unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    limit.rlim_cur
}

/// Whether so many bytes could be mapped now.
pub(crate) fn can_map(len: usize) -> bool {
    // SAFETY: a new private mapping, wherever the kernel likes.
    let place = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            len,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if place == libc::MAP_FAILED {
        return false;
    }
    // SAFETY: just mapped, used by nobody.
    unsafe { libc::munmap(place, len) };
    true
}
