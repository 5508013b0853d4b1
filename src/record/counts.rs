//! What is counted without a record: losses by cause, what filters left out, and exact
//! totals of waiting.

use super::{KINDS, Kind, Record, Role};
use crate::atomic::{AtomicU64, Ordering};

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
    /// A signal handler interrupted the profiler and did not return to it.
    JumpedOut,
    /// It was not lost: the user's filters leave it out.
    LeftOut,
}

/// Every cause with its words.
const LOSSES: [(Loss, &str); 8] = [
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
    (
        Loss::JumpedOut,
        "a signal handler jumped out of the profiler",
    ),
    (Loss::LeftOut, "left out by a filter"),
];

/// What was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Lost {
    /// Acquisitions.
    Acquisitions,
    /// Attempts that did not get the lock.
    Failed,
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
    /// Calls that nobody knows what they would have told.
    Calls,
}

/// Everything that can be lost, with its words: what it is, and what its time is.
const WHATS: [(Lost, &str, &str); 8] = [
    (Lost::Acquisitions, "acquisitions", ""),
    (Lost::Failed, "failed attempts", ""),
    (Lost::Waits, "waits", "waiting"),
    (Lost::Releases, "releases", "holding"),
    (Lost::Charges, "charges", "waiting that holders caused"),
    (Lost::SyncWaits, "sync waits", "waiting"),
    (Lost::Wakes, "ends of sync waits", ""),
    (Lost::Calls, "calls", ""),
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

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a saturating cast of a positive number"
)]
fn whole(number: f64) -> u64 {
    number.round() as u64
}

/// Counts one lost record, the events it stood for, and their time.
#[cold]
pub(crate) fn lose(loss: Loss, what: Lost, events: f64, time_ns: f64) {
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
pub(crate) fn lose_record(loss: Loss, record: &Record) {
    for (what, events, time_ns) in told_by(record).filter(|(_, events, _)| *events > 0.0) {
        lose(loss, what, events, time_ns);
    }
}

/// What a record tells of: how many events, and their time.
#[allow(
    clippy::cast_precision_loss,
    reason = "durations stay far below 2⁵³ ns, which is 104 days"
)]
fn told_by(record: &Record) -> impl Iterator<Item = (Lost, f64, f64)> {
    let (weight, waits) = (record.weight, record.wait_weight);
    let time_ns = record.duration_ns as f64;
    let (first, second) = match record.role {
        Role::Acquire => {
            let what = if record.error == 0 {
                Lost::Acquisitions
            } else {
                Lost::Failed
            };
            let waiting = (Lost::Waits, waits, waits * time_ns);
            (Some((what, weight, 0.0)), Some(waiting))
        }
        Role::Release => {
            let (charges, blocked_ns) = (record.blocked_weight, record.blocked_ns as f64);
            let charged = (Lost::Charges, charges, charges * blocked_ns);
            let released = (Lost::Releases, weight, weight * time_ns);
            (Some(released), Some(charged))
        }
        Role::Sync => (Some((Lost::SyncWaits, waits, waits * time_ns)), None),
        Role::Wake => (Some((Lost::Wakes, 1.0, 0.0)), None),
        Role::Init | Role::Name => (None, None),
    };
    first.into_iter().chain(second)
}

/// Counts all that one record would have told, had it not been left out.
#[cold]
pub(crate) fn leave_out(record: &Record) {
    for (what, events, time_ns) in told_by(record) {
        if events > 0.0 {
            leave_out_events(record.kind, what, 1, (events, time_ns));
        } else if events < 0.0 {
            take_back(what, -events);
        }
    }
}

/// The same of that many records that were added up: their events, and their time.
pub(crate) fn leave_out_events(
    kind: Kind,
    what: Lost,
    records: u64,
    (events, time_ns): (f64, f64),
) {
    if let Some(count) = loss_count(Loss::LeftOut, what) {
        count.records.fetch_add(records, Ordering::Relaxed);
        count.events.fetch_add(whole(events), Ordering::Relaxed);
        count.time_ns.fetch_add(whole(time_ns), Ordering::Relaxed);
    }
    if matches!(what, Lost::Waits | Lost::SyncWaits)
        && let Some(total) = LEFT_OUT_WAITS.0.get(kind as usize)
    {
        total.waits.fetch_add(whole(events), Ordering::Relaxed);
        total.wait_ns.fetch_add(whole(time_ns), Ordering::Relaxed);
    }
}

/// What a record told before, and was left out, did not happen after all.
fn take_back(what: Lost, events: f64) {
    if let Some(count) = loss_count(Loss::LeftOut, what) {
        count.records.fetch_sub(1, Ordering::Relaxed);
        count.events.fetch_sub(whole(events), Ordering::Relaxed);
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
    let losses = LOSSES
        .into_iter()
        .filter(|(loss, _)| *loss != Loss::LeftOut);
    losses.flat_map(|(loss, cause)| {
        in_words(loss)
            .map(move |(records, events)| format!("{records} records for {events} ({cause})"))
    })
}

/// All that was left out, in words: `40 acquisitions; 2 waits, 1200 ns of waiting`.
pub(crate) fn all_left_out() -> Option<String> {
    let all: Vec<String> = in_words(Loss::LeftOut).map(|(_, events)| events).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// Whether anything was lost that a program is told of for its own sake: not that it
/// waited for something else than a lock.
pub(crate) fn any_lost() -> bool {
    let mut losses = LOSSES
        .into_iter()
        .filter(|(loss, _)| *loss != Loss::LeftOut);
    losses.any(|(loss, _)| {
        WHATS
            .into_iter()
            .filter(|(what, ..)| !matches!(what, Lost::SyncWaits | Lost::Wakes))
            .filter_map(|(what, ..)| loss_count(loss, what))
            .any(|count| count.records.load(Ordering::Relaxed) != 0)
    })
}

/// How many records had one cause, and what they stood for, by its sorts.
fn in_words(loss: Loss) -> impl Iterator<Item = (u64, String)> {
    WHATS
        .into_iter()
        .filter_map(move |(what, events, of_time)| {
            let count = loss_count(loss, what)?;
            let load = |number: &AtomicU64| number.load(Ordering::Relaxed);
            let (records, number) = (load(&count.records), load(&count.events));
            let time = match load(&count.time_ns) {
                0 => String::new(),
                time_ns => format!(", {time_ns} ns of {of_time}"),
            };
            (records != 0).then(|| (records, format!("{number} {events}{time}")))
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

/// Estimated totals of those that were left out.
static LEFT_OUT_WAITS: WaitTotals = WaitTotals(
    [const {
        WaitTotal {
            waits: AtomicU64::new(0),
            wait_ns: AtomicU64::new(0),
        }
    }; KINDS.len()],
);

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

/// Estimated number and time of the waits for a kind of lock that were left out.
pub(crate) fn left_out_waits(kind: Kind) -> (u64, u64) {
    let total = LEFT_OUT_WAITS.0.get(kind as usize);
    total.map_or((0, 0), |total| {
        (
            total.waits.load(Ordering::Relaxed),
            total.wait_ns.load(Ordering::Relaxed),
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
    let totals = KINDS.into_iter().flat_map(wait_totals);
    for total in totals.chain(&LEFT_OUT_WAITS.0) {
        total.waits.store(0, Ordering::Relaxed);
        total.wait_ns.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_no_loss_and_known_by_its_kind() {
        let mut wait = Record::new(Role::Acquire, Kind::Spin, 0x10);
        (wait.weight, wait.wait_weight, wait.duration_ns) = (7.0, 2.0, 500);
        leave_out(&wait);
        wait.error = libc::ETIMEDOUT;
        leave_out(&wait);
        let expected = "7 acquisitions; 7 failed attempts; 4 waits, 2000 ns of waiting";
        assert_eq!(all_left_out().as_deref(), Some(expected));
        assert!(all_lost().all(|lost| !lost.contains(" 7 failed")));
        assert_eq!(left_out_waits(Kind::Spin), (4, 2000));
    }

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
