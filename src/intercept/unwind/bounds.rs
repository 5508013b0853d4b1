//! How far up a stack may be read.
//!
//! Where the answer follows from where we run ourselves, it costs nothing; only a
//! thread deep in its stack, or on a stack of its own making (coroutine, signal
//! stack), is looked up in `/proc/thread-self/maps`, and the first of the two
//! only once. Whoever runs in a sandbox that forbids that gets short stacks.
//!
//! A stack of a thread's own making stays known until the thread is met elsewhere.
//! Should a shorter one take its place meanwhile, code with tables never leads past its
//! end; before a frame pointer of other code is followed, the kernel is asked what is left.
#![allow(
    unsafe_code,
    reason = "raw system calls: no allocation, no standard streams"
)]

use std::cell::Cell;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::arch;
use crate::sys;

/// The kernel leaves at least 128 MiB below the main thread's stack free, so
/// this much of it belongs to that stack, mapped or yet to grow.
const MAIN_STACK_LEN: u64 = 64 << 20;
/// The C library puts a thread's own block at the upper end of its stack, and no
/// stack is smaller than this (`PTHREAD_STACK_MIN`).
const THREAD_STACK_LEN: u64 = 16 << 10;

/// Upper end of the main thread's stack; 0 unknown.
static MAIN_STACK_END: AtomicU64 = AtomicU64::new(0);

/// Learns where the main thread's stack begins: the loader keeps the stack
/// pointer the kernel started it with.
pub(crate) fn prepare() {
    // SAFETY: the name is terminated.
    let place = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"__libc_stack_end".as_ptr()) };
    // SAFETY: if it is there, it is an aligned word of the loader's, written once
    // before any of our code runs.
    if let Some(&end) = unsafe { place.cast::<u64>().as_ref() } {
        MAIN_STACK_END.store(end, Ordering::Relaxed);
    }
}

/// Bytes that are looked at for what is left of a stack; a walk seldom goes further.
const LEFT_MAX: u64 = 64 << 10;
/// No page is smaller.
const PAGE_LEN: u64 = 4 << 10;

/// The end of what may be read from `sp` on, which is on a stack that ends at `end` as far
/// as is known. One that the thread has made itself may be gone in part.
pub(super) fn end_of_what_is_left(sp: u64, end: u64) -> u64 {
    let is_the_threads = end == arch::thread_pointer();
    if is_the_threads || end == MAIN_STACK_END.load(Ordering::Relaxed) {
        return end;
    }
    let next = |page: &u64| page.checked_add(PAGE_LEN);
    let last = end.min(sp.saturating_add(LEFT_MAX));
    let pages = std::iter::successors(next(&(sp & !(PAGE_LEN - 1))), next);
    pages
        .take_while(|&page| page < last)
        .find(|&page| !sys::is_readable(page))
        .unwrap_or(last)
}

/// The stack a thread was found on last.
pub(crate) struct KnownStack {
    start: Cell<u64>,
    end: Cell<u64>,
}

impl KnownStack {
    /// One to begin with.
    #[cfg(test)]
    pub(super) fn of(stack: Range<u64>) -> Self {
        Self {
            start: Cell::new(stack.start),
            end: Cell::new(stack.end),
        }
    }

    /// Forgets it.
    pub(crate) fn clear(&self) {
        self.start.set(0);
        self.end.set(0);
    }

    /// The end of the stack that holds `sp`: everything from `sp` to there may be
    /// read, even if `sp` is not a stack pointer at all but what a damaged signal
    /// frame holds. None when nobody knows.
    #[inline]
    pub(crate) fn end(&self, sp: u64) -> Option<u64> {
        if (self.start.get()..self.end.get()).contains(&sp) {
            return Some(self.end.get());
        }
        self.end_slow(sp)
    }

    #[cold]
    fn end_slow(&self, sp: u64) -> Option<u64> {
        let main_end = MAIN_STACK_END.load(Ordering::Relaxed);
        let block = arch::thread_pointer();
        let local = 0_u8;
        let here = &raw const local as u64;
        // From where we stand, a stack is there up to its end; below, perhaps not.
        let stack = [(main_end, MAIN_STACK_LEN), (block, THREAD_STACK_LEN)]
            .into_iter()
            .filter(|&(end, len)| (end.saturating_sub(len)..end).contains(&here))
            .map(|(end, _)| here..end)
            .find(|stack| stack.contains(&sp))
            .or_else(|| look_up(sp))?;
        // A thread's stack ends at its block, though the mapping goes on.
        let end = if stack.contains(&block) {
            block
        } else {
            stack.end
        };
        self.start.set(stack.start);
        self.end.set(end);
        Some(end)
    }
}

/// Whether two places are on one stack. Who cannot look takes them for two.
pub(crate) fn is_one_stack(lower: u64, upper: u64) -> bool {
    look_up(upper).is_some_and(|stack| stack.contains(&lower))
}

/// The readable mapping that holds an address, from `/proc/thread-self/maps` read in pieces.
fn look_up(address: u64) -> Option<Range<u64>> {
    // Opening and reading end a thread that was cancelled; taking a mutex does not. Nor may
    // a signal handler jump out while the file is open.
    let _undisturbed = sys::stay_undisturbed();
    // SAFETY: the path is terminated.
    let maps = unsafe {
        libc::open(
            c"/proc/thread-self/maps".as_ptr(),
            libc::O_RDONLY | libc::O_CLOEXEC,
        )
    };
    if maps < 0 {
        return None;
    }
    let mut search = Search {
        address,
        field: Field::Start,
        start: 0,
        end: 0,
    };
    let mut piece = [0_u8; 1024];
    let found = loop {
        // SAFETY: the buffer is as long as said.
        let len = unsafe { libc::read(maps, piece.as_mut_ptr().cast(), piece.len()) };
        let Ok(len @ 1..) = usize::try_from(len) else {
            break None;
        };
        let bytes = piece.get(..len).unwrap_or(&[]);
        if let Some(found) = bytes.iter().find_map(|&byte| search.feed(byte)) {
            break Some(found);
        }
    };
    // SAFETY: opened above.
    unsafe { libc::close(maps) };
    found
}

/// Reads `start-end r…` line by line, a byte at a time.
struct Search {
    address: u64,
    field: Field,
    start: u64,
    end: u64,
}

#[derive(PartialEq, Eq)]
enum Field {
    Start,
    End,
    /// The first letter of what may be done there.
    Readable,
    Rest,
}

impl Search {
    /// Takes one byte in; answers behind the range that holds the address.
    fn feed(&mut self, byte: u8) -> Option<Range<u64>> {
        let digit = || u64::from((byte as char).to_digit(16).unwrap_or(0));
        match (&self.field, byte) {
            (Field::Start, b'-') => self.field = Field::End,
            (Field::Start, _) => self.start = self.start << 4 | digit(),
            (Field::End, b' ') => self.field = Field::Readable,
            (Field::End, _) => self.end = self.end << 4 | digit(),
            (Field::Readable, letter) => {
                self.field = Field::Rest;
                let range = self.start..self.end;
                return (letter == b'r' && range.contains(&self.address)).then_some(range);
            }
            (Field::Rest, b'\n') => (self.field, self.start, self.end) = (Field::Start, 0, 0),
            (Field::Rest, _) => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_that_holds_the_address_is_found() {
        let maps =
            b"1000-2000 r-xp 0 0:0 7 /a-b c\n3000-4000 ---p 0 0:0 0\n7fe0-7fff rw-p 0 0:0 0\n";
        let find = |address| {
            let mut search = Search {
                address,
                field: Field::Start,
                start: 0,
                end: 0,
            };
            maps.iter().find_map(|&byte| search.feed(byte))
        };
        assert_eq!(find(0x7ff0), Some(0x7fe0..0x7fff));
        assert_eq!(find(0x1fff), Some(0x1000..0x2000));
        assert_eq!(find(0x2000), None);
        // A guard page is no stack.
        assert_eq!(find(0x3800), None);
    }

    #[test]
    fn a_stack_that_is_gone_in_part_ends_where_it_is_gone() {
        const LEN: usize = 64 << 10;
        const PAGE: usize = 4 << 10;
        // SAFETY: a new mapping, wherever the kernel likes.
        let stack = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                LEN,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        assert_ne!(stack, libc::MAP_FAILED);
        let (start, end) = (stack as u64, stack as u64 + LEN as u64);
        assert_eq!(
            end_of_what_is_left(start + 8, end),
            end.min(start + 8 + LEFT_MAX)
        );
        let third = stack.wrapping_byte_add(2 * PAGE);
        // SAFETY: pages of the mapping, which nothing lies in.
        unsafe { libc::mprotect(third, PAGE, libc::PROT_NONE) };
        assert_eq!(end_of_what_is_left(start + 8, end), third as u64);
        // SAFETY: all of the mapping.
        unsafe { libc::munmap(stack, LEN) };
        assert_eq!(end_of_what_is_left(start + 8, end), start + PAGE_LEN);
        // What the system has given a thread is not asked for.
        let own = arch::thread_pointer();
        assert_eq!(end_of_what_is_left(own - 64, own), own);
    }

    #[test]
    fn the_stack_of_this_thread_is_found_in_the_kernels_list() {
        let here = 0_u8;
        let sp = &raw const here as u64;
        assert!(look_up(sp).is_some_and(|stack| stack.contains(&sp)));
    }
}
