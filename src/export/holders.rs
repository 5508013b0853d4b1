//! What those do who hold a lock while others wait for it for long: looked at from outside, now and then.
//!
//! A release says where a hold ends, not what made it long. Whoever sleeps in a call of
//! the system meanwhile is seen there by the kernel's own account of it, which costs
//! the program's threads nothing. To time the processor use of holds would be a system
//! call at each, within the critical section.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use rustc_hash::FxHashMap;

use crate::record::Waiting;

/// Time between two looks.
const EVERY_NS: u64 = 100_000_000;
/// How long the waiters for a lock have to have waited, on average.
const LONG_NS: u64 = 1_000_000;
/// Locks that are looked at at once.
const AT_ONCE: usize = 4;
/// Locks that are remembered, and calls of each.
const LOCKS_MAX: usize = 256;
const CALLS_MAX: usize = 8;

/// What the holders of one lock were seen to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// How often somebody was seen to hold it.
    pub(crate) looks: u32,
    /// How often they ran, or could have.
    pub(crate) running: u32,
    /// In which call of the system they slept, and how often; the most frequent are
    /// remembered.
    calls: Vec<(i64, u32)>,
}

/// The same of all locks.
#[derive(Default)]
pub(crate) struct Holders {
    locks: FxHashMap<u64, Seen>,
    looked_ns: u64,
}

impl Holders {
    /// Whether it is time to look.
    pub(crate) fn is_due(&self, now_ns: u64) -> bool {
        now_ns >= self.looked_ns + EVERY_NS
    }

    /// Looks at the holders of locks that are waited for; `lock_at` says which lock lies
    /// at an address.
    pub(crate) fn look(&mut self, waiting: &[Waiting], now_ns: u64, lock_at: impl Fn(u64) -> u64) {
        self.looked_ns = now_ns;
        let long = waiting
            .iter()
            .filter(|waiting| waiting.mean_ns >= LONG_NS && waiting.owner_at != 0);
        for waiting in long.take(AT_ONCE) {
            if let Some(call) = call_of_holder(waiting) {
                self.add(lock_at(waiting.lock), call);
            }
        }
    }

    /// Adds that the holder of a lock was in such a call, or in none.
    fn add(&mut self, lock: u64, call: Option<i64>) {
        if self.locks.len() >= LOCKS_MAX && !self.locks.contains_key(&lock) {
            return;
        }
        let seen = self.locks.entry(lock).or_default();
        seen.looks = seen.looks.saturating_add(1);
        let Some(call) = call else {
            seen.running = seen.running.saturating_add(1);
            return;
        };
        let mut calls = seen.calls.iter_mut();
        if let Some((_, times)) = calls.find(|(known, _)| *known == call) {
            *times = times.saturating_add(1);
        } else if seen.calls.len() < CALLS_MAX {
            seen.calls.push((call, 1));
        }
    }

    /// All of them, by lock.
    pub(crate) fn sorted(&self) -> Vec<(u64, &Seen)> {
        let mut locks: Vec<_> = self
            .locks
            .iter()
            .map(|(lock, seen)| (*lock, seen))
            .collect();
        locks.sort_unstable_by_key(|(lock, seen)| (std::cmp::Reverse(seen.looks), *lock));
        locks
    }
}

impl Seen {
    /// The calls they slept in, the most frequent first.
    pub(crate) fn calls(&self) -> Vec<(String, u32)> {
        let mut calls = self.calls.clone();
        calls.sort_unstable_by_key(|(call, times)| (std::cmp::Reverse(*times), *call));
        calls
            .into_iter()
            .map(|(call, times)| (name_of(call), times))
            .collect()
    }
}

/// Which call of the system the holder of a lock sleeps in; an inner none if it runs, an
/// outer one if nobody holds the lock, or holds it no more, or it is not to be known.
#[allow(
    clippy::option_option,
    reason = "two answers, each of which may be missing"
)]
fn call_of_holder(waiting: &Waiting) -> Option<Option<i64>> {
    let holder = Some(owner(waiting)).filter(|holder| *holder != 0)?;
    let text = fs::read_to_string(format!("/proc/self/task/{holder}/syscall")).ok()?;
    let call = call_in(&text)?;
    (owner(waiting) == holder).then_some(call)
}

/// What `/proc/…/syscall` says (proc(5)): a number, or that the thread runs.
#[allow(
    clippy::option_option,
    reason = "two answers, each of which may be missing"
)]
fn call_in(text: &str) -> Option<Option<i64>> {
    match text.split_whitespace().next()? {
        "running" => Some(None),
        number => number.parse().ok().map(Some),
    }
}

/// The kernel's id of the thread that holds a lock; 0 unknown.
pub(crate) fn owner(waiting: &Waiting) -> u32 {
    let mut id = [0; 4];
    // The lock may be gone by now. Then reading fails here, where looking would not; and
    // unlike process_vm_readv(2) no sandbox ends the program for it.
    let read = File::open("/proc/self/mem")
        .and_then(|memory| memory.read_exact_at(&mut id, waiting.owner_at));
    match (waiting.owner_at, read) {
        (1.., Ok(())) => u32::from_ne_bytes(id),
        _ => 0,
    }
}

/// Calls in which a thread may sleep for long.
const CALLS: [(i64, &str); 36] = [
    (libc::SYS_accept, "accept"),
    (libc::SYS_accept4, "accept4"),
    (libc::SYS_clock_nanosleep, "clock_nanosleep"),
    (libc::SYS_connect, "connect"),
    (libc::SYS_epoll_pwait, "epoll_pwait"),
    (libc::SYS_fallocate, "fallocate"),
    (libc::SYS_fcntl, "fcntl"),
    (libc::SYS_fdatasync, "fdatasync"),
    (libc::SYS_flock, "flock"),
    (libc::SYS_fsync, "fsync"),
    (libc::SYS_ftruncate, "ftruncate"),
    (libc::SYS_futex, "futex"),
    (libc::SYS_getdents64, "getdents64"),
    (libc::SYS_ioctl, "ioctl"),
    (libc::SYS_mmap, "mmap"),
    (libc::SYS_msync, "msync"),
    (libc::SYS_munmap, "munmap"),
    (libc::SYS_nanosleep, "nanosleep"),
    (libc::SYS_openat, "openat"),
    (libc::SYS_ppoll, "ppoll"),
    (libc::SYS_pread64, "pread64"),
    (libc::SYS_pselect6, "pselect6"),
    (libc::SYS_pwrite64, "pwrite64"),
    (libc::SYS_read, "read"),
    (libc::SYS_readv, "readv"),
    (libc::SYS_recvfrom, "recvfrom"),
    (libc::SYS_recvmsg, "recvmsg"),
    (libc::SYS_renameat2, "renameat2"),
    (libc::SYS_sendmsg, "sendmsg"),
    (libc::SYS_sendto, "sendto"),
    (libc::SYS_sync_file_range, "sync_file_range"),
    (libc::SYS_unlinkat, "unlinkat"),
    (libc::SYS_wait4, "wait4"),
    (libc::SYS_waitid, "waitid"),
    (libc::SYS_write, "write"),
    (libc::SYS_writev, "writev"),
];

/// Those that only older processors have.
#[cfg(target_arch = "x86_64")]
const OLD_CALLS: [(i64, &str); 7] = [
    (libc::SYS_epoll_wait, "epoll_wait"),
    (libc::SYS_open, "open"),
    (libc::SYS_pause, "pause"),
    (libc::SYS_poll, "poll"),
    (libc::SYS_rename, "rename"),
    (libc::SYS_select, "select"),
    (libc::SYS_unlink, "unlink"),
];
#[cfg(not(target_arch = "x86_64"))]
const OLD_CALLS: [(i64, &str); 0] = [];

/// What a call is named; without a number, the thread sleeps elsewhere in the kernel.
fn name_of(call: i64) -> String {
    let known = CALLS
        .iter()
        .chain(&OLD_CALLS)
        .find(|(number, _)| *number == call);
    match known {
        Some((_, name)) => (*name).to_owned(),
        None if call < 0 => "a page fault".to_owned(),
        None => format!("system call {call}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_says_what_a_thread_does() {
        assert_eq!(call_in("running\n"), Some(None));
        let asleep = format!("{} 0x1 0x2 0x7ffe 0x7f00\n", libc::SYS_fsync);
        assert_eq!(call_in(&asleep), Some(Some(libc::SYS_fsync)));
        assert_eq!(call_in("-1 0x7ffe 0x7f00\n"), Some(Some(-1)));
        assert_eq!(call_in(""), None);
        assert_eq!(call_in("nonsense"), None);
    }

    #[test]
    fn the_call_most_slept_in_comes_first() {
        let mut holders = Holders::default();
        for call in [
            None,
            Some(libc::SYS_read),
            Some(libc::SYS_fsync),
            Some(libc::SYS_fsync),
        ] {
            holders.add(0x10, call);
        }
        holders.add(0x20, Some(-1));
        let sorted = holders.sorted();
        let (lock, seen) = sorted[0];
        assert_eq!((lock, seen.looks, seen.running), (0x10, 4, 1));
        let calls = [("fsync".to_owned(), 2), ("read".to_owned(), 1)];
        assert_eq!(seen.calls(), calls);
        assert_eq!(sorted[1].1.calls(), [("a page fault".to_owned(), 1)]);
    }

    #[test]
    fn only_so_many_locks_are_remembered() {
        let mut holders = Holders::default();
        (1..2_000).for_each(|lock| holders.add(lock, None));
        assert_eq!(holders.sorted().len(), LOCKS_MAX);
        holders.add(1, None);
        assert_eq!(
            holders.sorted()[0],
            (
                1,
                &Seen {
                    looks: 2,
                    running: 2,
                    calls: vec![]
                }
            )
        );
    }

    #[test]
    fn the_holder_of_a_lock_is_read_where_the_lock_says_who_it_is() {
        let word: u32 = 77;
        let mut waiting = Waiting {
            lock: 1,
            kind: crate::record::Kind::Mutex,
            queue: 1,
            mean_ns: LONG_NS,
            owner_at: &raw const word as u64,
        };
        assert_eq!(owner(&waiting), 77);
        // There is no such thread.
        assert_eq!(call_of_holder(&waiting), None);
        waiting.owner_at = 8;
        assert_eq!(owner(&waiting), 0);
    }
}
