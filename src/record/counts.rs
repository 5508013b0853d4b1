//! What is counted without a record: losses by cause, and exact totals of waiting.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{KINDS, Kind, Record, Role};

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
const LOSSES: [(Loss, &str); 6] = [
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

/// What was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Lost {
    /// Acquisitions.
    Acquisitions,
    /// Waits for a lock, and their time.
    Waits,
    /// Releases, and the time that was held.
    Releases,
    /// Waiting that holders caused, which stands at their releases.
    Charges,
    /// Sync waits, and their time.
    SyncWaits,
    /// What ended sync waits: they are told without it.
    Wakes,
}

/// Everything that can be lost, with its words: what it is, and what its time is.
const WHATS: [(Lost, &str, &str); 6] = [
    (Lost::Acquisitions, "acquisitions", ""),
    (Lost::Waits, "waits", "waiting"),
    (Lost::Releases, "releases", "holding"),
    (Lost::Charges, "charges", "waiting that holders caused"),
    (Lost::SyncWaits, "sync waits", "waiting"),
    (Lost::Wakes, "ends of sync waits", ""),
];

struct LossCount {
    records: AtomicU64,
    /// Events the lost records stood for.
    events: AtomicU64,
    /// Time they stood for.
    time_ns: AtomicU64,
}

type LossCounts = [LossCount; WHATS.len()];

static LOST: [LossCounts; LOSSES.len()] = [const {
    [const {
        LossCount {
            records: AtomicU64::new(0),
            events: AtomicU64::new(0),
            time_ns: AtomicU64::new(0),
        }
    }; WHATS.len()]
}; LOSSES.len()];

fn loss_count(loss: Loss, what: Lost) -> Option<&'static LossCount> {
    LOST.get(loss as usize)?.get(what as usize)
}

/// Counts one lost record, the events it stood for, and their time.
#[cold]
pub(crate) fn lose(loss: Loss, what: Lost, events: f64, time_ns: f64) {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a saturating cast of a positive number"
    )]
    let whole = |number: f64| number.round() as u64;
    if let Some(count) = loss_count(loss, what) {
        // Relaxed: counters only, nothing is published through them.
        count.records.fetch_add(1, Ordering::Relaxed);
        count.events.fetch_add(whole(events), Ordering::Relaxed);
        if time_ns > 0.0 {
            count.time_ns.fetch_add(whole(time_ns), Ordering::Relaxed);
        }
    }
}

/// Counts all that one record would have told.
#[cold]
#[allow(
    clippy::cast_precision_loss,
    reason = "durations stay far below 2⁵³ ns, which is 104 days"
)]
pub(crate) fn lose_record(loss: Loss, record: &Record) {
    let (weight, time_ns) = (record.weight, record.duration_ns as f64);
    match record.role {
        Role::Acquire => {
            if weight > 0.0 {
                lose(loss, Lost::Acquisitions, weight, 0.0);
            }
            if record.wait_weight > 0.0 {
                let waits = record.wait_weight;
                lose(loss, Lost::Waits, waits, waits * time_ns);
            }
        }
        Role::Release => {
            if weight > 0.0 {
                lose(loss, Lost::Releases, weight, weight * time_ns);
            }
            if record.blocked_weight > 0.0 {
                let charges = record.blocked_weight;
                let blocked_ns = record.blocked_ns as f64;
                lose(loss, Lost::Charges, charges, charges * blocked_ns);
            }
        }
        Role::Sync => {
            let waits = record.wait_weight;
            lose(loss, Lost::SyncWaits, waits, waits * time_ns);
        }
        Role::Wake => lose(loss, Lost::Wakes, 1.0, 0.0),
        Role::Init | Role::Name => {}
    }
}

/// Records lost to a cause so far, and the events they stood for.
#[cfg(any(test, lockprof_measure))]
pub(crate) fn lost(loss: Loss, what: Lost) -> (u64, u64) {
    loss_count(loss, what).map_or((0, 0), |count| {
        (
            count.records.load(Ordering::Relaxed),
            count.events.load(Ordering::Relaxed),
        )
    })
}

/// All that was lost so far, in words: `12 records for 40 waits, 1200 ns of waiting
/// (queue full)`.
pub(crate) fn all_lost() -> impl Iterator<Item = String> {
    let all = LOSSES
        .into_iter()
        .flat_map(|loss| WHATS.map(|what| (loss, what)));
    all.filter_map(|((loss, cause), (what, events, of_time))| {
        let count = loss_count(loss, what)?;
        let load = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let (records, lost) = (load(&count.records), load(&count.events));
        let time = match load(&count.time_ns) {
            0 => String::new(),
            time_ns => format!(", {time_ns} ns of {of_time}"),
        };
        (records != 0).then(|| format!("{records} records for {lost} {events}{time} ({cause})"))
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
    for count in LOST.iter().flatten() {
        count.records.store(0, Ordering::Relaxed);
        count.events.store(0, Ordering::Relaxed);
        count.time_ns.store(0, Ordering::Relaxed);
    }
    for total in KINDS.into_iter().flat_map(wait_totals) {
        total.waits.store(0, Ordering::Relaxed);
        total.wait_ns.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_lost_record_would_have_told_is_said_with_its_time() {
        let mut wait = Record::new(Role::Acquire, Kind::Mutex, 0x10);
        (wait.weight, wait.wait_weight, wait.duration_ns) = (100.0, 4.0, 25_000);
        let mut release = Record::new(Role::Release, Kind::Mutex, 0x10);
        (release.blocked_weight, release.blocked_ns) = (2.0, 300);
        for record in [&wait, &release] {
            lose_record(Loss::NoStack, record);
        }
        let lost: Vec<_> = all_lost().filter(|l| l.contains("not readable")).collect();
        assert_eq!(
            lost,
            [
                "1 records for 100 acquisitions (stack not readable)",
                "1 records for 4 waits, 100000 ns of waiting (stack not readable)",
                "1 records for 2 charges, 600 ns of waiting that holders caused (stack not readable)",
            ]
        );
    }
}
