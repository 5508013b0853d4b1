//! Parts of the path of a sample, timed alone; compiled only for
//! `scripts/overhead` (`--cfg lockprof_measure`), whose programs find it by name.
#![allow(
    unsafe_code,
    reason = "exports C functions that write through pointers"
)]

use std::hint::black_box;

use super::arch::gate;
use super::capture::{self, Caller};
use super::guard;
use super::thread::Thread;
use super::visit::Visit;
use crate::record::{self, Frames, Kind, Loss, Lost, Record, Role};
use crate::sys;

/// As many frames as there is room for.
const FRAMES_MAX: usize = usize::MAX;

/// Events that every dropped record stands for; the programs know it too.
const DROPPED_WEIGHT: f64 = 100.0;

gate! {
    /// Nanoseconds of so many captures of the caller's stack, the clock's own
    /// included, and how long that stack is.
    #[unsafe(no_mangle)]
    fn lockprof_measure_captures(times: u64, frames_len: *mut u64) -> u64 => call { captures }
}

gate! {
    /// Nanoseconds of so many records that are to be made while the queue is
    /// full, and how many of them were dropped.
    #[unsafe(no_mangle)]
    fn lockprof_measure_drops(times: u64, dropped: *mut u64) -> u64 => call { drops }
}

/// # Safety
/// `frames_len` may be written to.
unsafe extern "C-unwind" fn captures(
    times: u64,
    frames_len: *mut u64,
    sp: usize,
    bp: usize,
) -> u64 {
    let Some(_entered) = guard::enter() else {
        return 0;
    };
    let mut frames = Frames::new();
    let begin_ns = sys::monotonic_ns();
    for _ in 0..times {
        let caller = black_box(Caller { sp, bp });
        capture::stack(Thread::current(), caller, FRAMES_MAX, &mut frames);
        black_box(&frames);
    }
    let spent_ns = sys::monotonic_ns() - begin_ns;
    // SAFETY: the caller's part.
    unsafe { *frames_len = frames.as_slice().len() as u64 };
    spent_ns
}

/// # Safety
/// `dropped` may be written to.
unsafe extern "C-unwind" fn drops(times: u64, dropped: *mut u64, sp: usize, bp: usize) -> u64 {
    let Some(visit) = Visit::begin(Caller { sp, bp }) else {
        return 0;
    };
    let mut record = Record::new(Role::Acquire, Kind::Mutex, 0);
    record.weight = DROPPED_WEIGHT;
    let mut declined = 0;
    let begin_ns = sys::monotonic_ns();
    for _ in 0..times {
        declined += u64::from(!visit.try_capture(black_box(&mut record)));
    }
    let spent_ns = sys::monotonic_ns() - begin_ns;
    // SAFETY: the caller's part.
    unsafe { *dropped = declined };
    spent_ns
}

/// Forgets the rules of all code, so that the next capture has to look them up.
#[unsafe(no_mangle)]
extern "C" fn lockprof_measure_forget() {
    capture::forget_code();
}

/// Fills the queue, with records that say nothing.
#[unsafe(no_mangle)]
extern "C" fn lockprof_measure_fill() {
    let nothing = Record::new(Role::Init, Kind::Mutex, 0);
    while record::try_push(&nothing) {}
}

/// Records lost because the queue was full, and the events they stood for.
///
/// # Safety
/// `events` may be written to.
#[unsafe(no_mangle)]
unsafe extern "C" fn lockprof_measure_lost(events: *mut u64) -> u64 {
    let (records, stood_for) = record::lost(Loss::QueueFull, Lost::Acquisitions);
    // SAFETY: the caller's part.
    unsafe { *events = stood_for };
    records
}

/// Records that the calling thread has handed in.
#[unsafe(no_mangle)]
extern "C" fn lockprof_measure_records() -> u32 {
    Thread::current().records.get()
}
