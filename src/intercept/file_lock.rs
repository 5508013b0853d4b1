//! Locks on files: `flock`, `fcntl` and `lockf`, where they may wait.
//!
//! Whether such a call waits cannot be seen before: to try first would drop a lock that
//! is being converted (`flock`), and not be the place where a thread is cancelled that
//! the real call is. So the call is timed, and a wait is what takes longer than any that
//! need not wait. Who holds a lock on a file is mostly another process: nobody is blamed.
#![allow(unsafe_code, reason = "calls the C library")]

use std::ffi::{c_int, c_void};

use libc::off_t;

use super::capture::Caller;
use super::sync::{self, Ended, Waiting, Waker};
use super::{Lock, Visit, table};
use crate::record::{File, Kind, Record, Role};
use crate::sys;

/// From this length on a call has waited. One that need not takes 0.3 to 1 µs on a file
/// of a local file system; waking up alone takes longer than this.
const WAIT_NS: u64 = 20_000;

pub(super) unsafe extern "C-unwind" fn flock(
    file: c_int,
    operation: c_int,
    sp: usize,
    bp: usize,
) -> c_int {
    // SAFETY: the host's own call.
    let real = || unsafe { table::flock::real(file, operation) };
    let may_wait = operation & (libc::LOCK_NB | libc::LOCK_UN) == 0;
    call(file, may_wait, Caller { sp, bp }, real)
}

/// Most of its commands have nothing to do with locks.
fn is_waiting(command: c_int) -> bool {
    matches!(command, libc::F_SETLKW | libc::F_OFD_SETLKW)
}

/// Calls that take a file, a command, and what the command is about.
macro_rules! commands {
    ($($name:ident($argument:ident: $type:ty) waits $may_wait:expr;)*) => {$(
        pub(super) unsafe extern "C-unwind" fn $name(
            file: c_int,
            command: c_int,
            $argument: $type,
            sp: usize,
            bp: usize,
        ) -> c_int {
            // SAFETY: the host's own call.
            let real = || unsafe { table::$name::real(file, command, $argument) };
            call(file, $may_wait(command), Caller { sp, bp }, real)
        }
    )*};
}

commands! {
    fcntl(argument: *mut c_void) waits is_waiting;
    fcntl64(argument: *mut c_void) waits is_waiting;
    lockf(len: off_t) waits |command| command == libc::F_LOCK;
    lockf64(len: off_t) waits |command| command == libc::F_LOCK;
}

#[inline(always)]
fn call(file: c_int, may_wait: bool, caller: Caller, real: impl FnOnce() -> c_int) -> c_int {
    if may_wait {
        wait(file, caller, real)
    } else {
        real()
    }
}

#[cold]
#[inline(never)]
fn wait(file: c_int, caller: Caller, real: impl FnOnce() -> c_int) -> c_int {
    let Some(visit) = Visit::begin(caller) else {
        return real();
    };
    let unknown = Lock {
        address: 0,
        kind: Kind::File,
    };
    let mut waiting = Waiting::begin(&visit, unknown, Waker::Unknown);
    let begin_ns = sys::monotonic_ns();
    drop(visit);
    let answer = real();
    let end_ns = sys::monotonic_ns();
    if end_ns - begin_ns < WAIT_NS {
        return answer;
    }
    let Some(visit) = Visit::begin(caller) else {
        sync::lose_while_inside();
        return answer;
    };
    let ended = match answer {
        -1 => match sys::errno() {
            libc::EINTR => Ended::Interrupted,
            _ => Ended::Refused,
        },
        _ => Ended::Woken,
    };
    // None when another thread has closed it meanwhile.
    let (device, inode) = sys::file_identity(file).unwrap_or_default();
    let mut record = Record::new(Role::Sync, Kind::File, 0);
    record.put_file(File {
        device,
        inode,
        descriptor: file,
    });
    waiting.is_for(record.lock);
    waiting.end(&visit, end_ns, ended, &mut record);
    answer
}
