//! How many threads the process has: by the C library's own count, or by the kernel's before glibc 2.34, which keeps its own to itself.
#![allow(unsafe_code, reason = "asks the dynamic loader and the kernel")]

use std::ffi::{CStr, c_char};
use std::fs;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

/// Who counts.
#[derive(Clone, Copy)]
pub(crate) enum ThreadCount {
    Library(&'static AtomicU32),
    Kernel,
}

impl ThreadCount {
    pub(crate) fn find() -> Self {
        const NAME: &CStr = c"__nptl_nthreads";
        // SAFETY: the name is terminated; asking for a symbol has no other effect.
        let counter = unsafe { libc::dlsym(libc::RTLD_DEFAULT, NAME.as_ptr().cast::<c_char>()) };
        // SAFETY: if it is there it is glibc's counter: an aligned unsigned int that
        // is only changed atomically and lives for ever.
        let counter = unsafe { counter.cast::<AtomicU32>().as_ref() };
        counter.map_or(Self::Kernel, Self::Library)
    }

    /// Whether there is one thread only; not, if that cannot be learnt.
    pub(crate) fn is_one(self) -> bool {
        match self {
            Self::Library(count) => count.load(Ordering::Relaxed) == 1,
            Self::Kernel => Told::read().is_some_and(|told| told.threads == 1),
        }
    }

    /// Whether all others have ended but these many threads of ours; main too, which the
    /// kernel keeps as a zombie until the process ends, and counts.
    pub(crate) fn is_only(self, ours: u32) -> bool {
        match self {
            Self::Library(count) => count.load(Ordering::Relaxed) <= ours,
            Self::Kernel => {
                has_main_left()
                    && Told::read()
                        .is_some_and(|told| told.is_main_dead && told.threads <= ours + 1)
            }
        }
    }
}

/// Whether main may have called `pthread_exit`: asked again and again, so it opens no file. A
/// thread that ends has no list of robust mutexes any more.
fn has_main_left() -> bool {
    let mut head: *mut libc::c_void = ptr::null_mut();
    let mut len: usize = 0;
    let main = std::process::id();
    // SAFETY: it takes a thread and two places to write to; any thread of one's own process
    // may be asked for.
    let failed =
        unsafe { libc::syscall(libc::SYS_get_robust_list, main, &raw mut head, &raw mut len) } != 0;
    // Where that may not be asked, the file decides.
    failed || head.is_null()
}

/// What the kernel tells of the process in a file.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    is_main_dead: bool,
    threads: u32,
}

impl Told {
    fn read() -> Option<Self> {
        Self::parse(&fs::read_to_string("/proc/self/stat").ok()?)
    }

    /// The name comes second, in parentheses, and may have anything in it. The state is the
    /// first field behind it, the number of threads the 18th.
    fn parse(stat: &str) -> Option<Self> {
        let (_, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_ascii_whitespace();
        let is_main_dead = fields.next()? == "Z";
        let threads = fields.nth(16)?.parse().ok()?;
        Some(Self {
            is_main_dead,
            threads,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use std::thread;

    use super::*;

    #[test]
    fn the_kernels_line_is_read_behind_the_last_parenthesis() {
        let line = "7 (a) Z 1 (b) Z 1 7 7 0 -1 4228172 90 0 0 0 1 2 0 0 20 0 5 0 77 0 0";
        let told = Told::parse(line).unwrap();
        assert!(told.is_main_dead);
        assert_eq!(told.threads, 5);
        for cut in 0..line.len() - 16 {
            assert_eq!(
                Told::parse(&line[..cut]).filter(|_| cut < 60),
                None,
                "{cut}"
            );
        }
    }

    #[test]
    fn main_is_alive_while_tests_run_on_threads_beside_it() {
        assert!(!has_main_left());
        assert!(!ThreadCount::Kernel.is_only(u32::MAX - 1));
        let is_one = thread::spawn(|| ThreadCount::Kernel.is_one())
            .join()
            .unwrap();
        assert!(!is_one);
    }

    #[test]
    fn both_ways_of_counting_agree() {
        let library = ThreadCount::find();
        assert!(matches!(library, ThreadCount::Library(_)) || cfg!(not(target_env = "gnu")));
        assert_eq!(library.is_one(), ThreadCount::Kernel.is_one());
    }
}
