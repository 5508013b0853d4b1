//! The system calls we make once the program runs, as a filter would see them.
//!
//! What starting a thread takes is not among them: the first of ours starts after one of
//! the program's own. What only receivers and the control socket take is not either: a
//! filter comes before they do, or they run by then. `tests/sandboxes.rs` compares the rows
//! with what strace sees.

use std::ffi::{c_int, c_long};

/// A call, and what it is called with; what varies is 0.
pub(super) struct Call {
    pub(super) name: &'static str,
    pub(super) number: c_long,
    pub(super) arguments: [u64; 6],
}

const fn call(name: &'static str, number: c_long, arguments: [c_int; 6]) -> Call {
    let [a, b, c, d, e, f] = arguments;
    Call {
        name,
        number,
        arguments: [
            a.cast_unsigned() as u64,
            b.cast_unsigned() as u64,
            c.cast_unsigned() as u64,
            d.cast_unsigned() as u64,
            e.cast_unsigned() as u64,
            f.cast_unsigned() as u64,
        ],
    }
}

const NEW: c_int = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
const BOTH: c_int = libc::PROT_READ | libc::PROT_WRITE;
const READ: c_int = libc::O_RDONLY | libc::O_CLOEXEC;
const WRITE: c_int = libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL | libc::O_CLOEXEC;
const WAIT: c_int = libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG;
const WAKE: c_int = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;

/// What the program's own threads do for us.
#[rustfmt::skip]
pub(super) const OF_HOSTS_THREADS: &[Call] = &[
    call("gettid", libc::SYS_gettid, [0; 6]),
    call("prctl", libc::SYS_prctl, [libc::PR_GET_NAME, 0, 0, 0, 0, 0]),
    call("getpid", libc::SYS_getpid, [0; 6]),
    call("futex", libc::SYS_futex, [0, WAKE, 1, 0, 0, 0]),
    call("futex", libc::SYS_futex, [0, WAIT, 0, 0, 0, 0]),
    call("mmap", libc::SYS_mmap, [0, 0, BOTH, NEW, -1, 0]),
    call("munmap", libc::SYS_munmap, [0; 6]),
    call("mremap", libc::SYS_mremap, [0; 6]),
    call("rt_sigprocmask", libc::SYS_rt_sigprocmask, [-1, 0, 0, 8, 0, 0]),
    call("openat", libc::SYS_openat, [libc::AT_FDCWD, 0, READ, 0, 0, 0]),
    call("read", libc::SYS_read, [0; 6]),
    call("close", libc::SYS_close, [0; 6]),
    call("rt_sigaction", libc::SYS_rt_sigaction, [0, 0, 0, 8, 0, 0]),
    // Where a signal handler comes while the thread is inside us.
    call("sigaltstack", libc::SYS_sigaltstack, [0; 6]),
    // Of locks on files.
    call("newfstatat", libc::SYS_newfstatat, [0, 0, 0, libc::AT_EMPTY_PATH, 0, 0]),
];

/// What they ask of the kernel where there is doubt, and can do without.
pub(super) const HOW_OFTEN_A_THREAD_SLEPT: Call = call(
    "getrusage",
    libc::SYS_getrusage,
    [libc::RUSAGE_THREAD, 0, 0, 0, 0, 0],
);

/// What making a profile takes besides, on our own thread, or on the program's only one.
#[rustfmt::skip]
pub(super) const OF_OUR_THREAD: &[Call] = &[
    call("clock_nanosleep", libc::SYS_clock_nanosleep, [0; 6]),
    call("getdents64", libc::SYS_getdents64, [0; 6]),
    call("getrandom", libc::SYS_getrandom, [0; 6]),
    call("lseek", libc::SYS_lseek, [0; 6]),
    call("mprotect", libc::SYS_mprotect, [0, 0, BOTH, 0, 0, 0]),
    call("openat", libc::SYS_openat, [libc::AT_FDCWD, 0, WRITE, 0o600, 0, 0]),
    call("prctl", libc::SYS_prctl, [libc::PR_SET_NAME, 0, 0, 0, 0, 0]),
    call("pread64", libc::SYS_pread64, [0; 6]),
    call("prlimit64", libc::SYS_prlimit64, [0; 6]),
    call("readlink", READLINK, [0; 6]),
    call("rename", RENAME, [0; 6]),
    call("sched_getscheduler", libc::SYS_sched_getscheduler, [0; 6]),
    call("statx", libc::SYS_statx, [0; 6]),
    // Whether a thread is gone that left a record half written: no signal.
    call("tgkill", libc::SYS_tgkill, [0; 6]),
    call("uname", libc::SYS_uname, [0; 6]),
    call("unlink", UNLINK, [0; 6]),
    call("write", libc::SYS_write, [0; 6]),
];

// Newer processors have only the calls that name a folder.
#[cfg(target_arch = "x86_64")]
const READLINK: c_long = libc::SYS_readlink;
#[cfg(not(target_arch = "x86_64"))]
const READLINK: c_long = libc::SYS_readlinkat;
#[cfg(target_arch = "x86_64")]
const RENAME: c_long = libc::SYS_rename;
#[cfg(not(target_arch = "x86_64"))]
const RENAME: c_long = libc::SYS_renameat;
#[cfg(target_arch = "x86_64")]
const UNLINK: c_long = libc::SYS_unlink;
#[cfg(not(target_arch = "x86_64"))]
const UNLINK: c_long = libc::SYS_unlinkat;
