//! What is counted without a record: losses by cause, and exact totals of waiting.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{KINDS, Kind};

/// Why something was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Loss {
    /// The queue was full.
    QueueFull,
    /// The tables of our thread were full: the numbers count, the details do not.
    TableFull,
    /// A thread held more sampled locks than it can remember.
    HeldFull,
    /// A lock was released by another thread than the one that took it.
    ReleasedElsewhere,
    /// No stack could be had.
    NoStack,
    /// A signal handler took a lock while its thread was inside the profiler.
    WhileInside,
}

/// Every cause with its words.
pub(crate) const LOSSES: [(Loss, &str); 6] = [
    (Loss::QueueFull, "queue full"),
    (
        Loss::TableFull,
        "their details: tables full, counted as others",
    ),
    (
        Loss::HeldFull,
        "hold not followed: too many sampled locks held at once",
    ),
    (
        Loss::ReleasedElsewhere,
        "hold not measured: lock released by another thread",
    ),
    (Loss::NoStack, "stack not readable"),
    (
        Loss::WhileInside,
        "taken by a signal handler while its thread was inside the profiler",
    ),
];

struct LossCount {
    records: AtomicU64,
    /// Events the lost records stood for.
    events: AtomicU64,
}

static LOST: [LossCount; LOSSES.len()] = [const {
    LossCount {
        records: AtomicU64::new(0),
        events: AtomicU64::new(0),
    }
}; LOSSES.len()];

/// Counts one lost record and the events it stood for.
#[cold]
pub(crate) fn lose(loss: Loss, events: f64) {
    if let Some(count) = LOST.get(loss as usize) {
        // Relaxed: counters only, nothing is published through them.
        count.records.fetch_add(1, Ordering::Relaxed);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a saturating cast of a small positive number"
        )]
        count
            .events
            .fetch_add(events.round() as u64, Ordering::Relaxed);
    }
}

/// Records lost to a cause so far, and the events they stood for.
pub(crate) fn lost(loss: Loss) -> (u64, u64) {
    LOST.get(loss as usize).map_or((0, 0), |count| {
        (
            count.records.load(Ordering::Relaxed),
            count.events.load(Ordering::Relaxed),
        )
    })
}

/// Exact totals of waiting for one kind of lock.
struct WaitTotal {
    waits: AtomicU64,
    wait_ns: AtomicU64,
}

/// Spread over cells, so that threads seldom meet in one.
#[repr(align(64))]
struct WaitTotals([WaitTotal; KINDS.len()]);

const CELLS: usize = 16;
static WAITS: [WaitTotals; CELLS] = [const {
    WaitTotals(
        [const {
            WaitTotal {
                waits: AtomicU64::new(0),
                wait_ns: AtomicU64::new(0),
            }
        }; KINDS.len()],
    )
}; CELLS];

fn wait_totals(kind: Kind) -> impl Iterator<Item = &'static WaitTotal> {
    WAITS
        .iter()
        .filter_map(move |cell| cell.0.get(kind as usize))
}

/// Counts one wait, sampled or not.
pub(crate) fn count_wait(thread_id: u32, kind: Kind, wait_ns: u64) {
    if let Some(total) = wait_totals(kind).nth(thread_id as usize % CELLS) {
        total.waits.fetch_add(1, Ordering::Relaxed);
        total.wait_ns.fetch_add(wait_ns, Ordering::Relaxed);
    }
}

/// Number and time of all waits for a kind of lock so far.
pub(crate) fn exact_waits(kind: Kind) -> (u64, u64) {
    wait_totals(kind).fold((0, 0), |(waits, wait_ns), total| {
        (
            waits + total.waits.load(Ordering::Relaxed),
            wait_ns + total.wait_ns.load(Ordering::Relaxed),
        )
    })
}

/// In a forked child: nothing has happened yet.
pub(super) fn forget_all() {
    for count in &LOST {
        count.records.store(0, Ordering::Relaxed);
        count.events.store(0, Ordering::Relaxed);
    }
    for total in KINDS.into_iter().flat_map(wait_totals) {
        total.waits.store(0, Ordering::Relaxed);
        total.wait_ns.store(0, Ordering::Relaxed);
    }
}
