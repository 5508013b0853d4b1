//! What could be done about a lock, where the profiles have evidence for it.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use contract::profile::{Profile, Sample};
use contract::sample_type::SampleType;

use super::filter::Filter;
use super::finding::{Convoy, Finding, LongHolds, Readers, Recursive};
use super::frames::{Frames, Site};
use super::holders::{Holders, Meanwhile};
use super::key::Lock;
use super::reading::only_reads;
use super::row::Row;
use super::totals::{self, increase, is_nested, millipercent, of};
use super::{Analysis, Key};

// The help of `lockprof report` names these figures.

/// More hints help nobody.
const MOST: usize = 5;
/// Share of all threads' time that waiting for a lock has to take, in thousandths
/// of a per cent, even if the estimate is as much too high as it may be.
const WORTH: u64 = 1_000;
/// What is much longer than another thing.
const MUCH: u64 = 10;
/// A lock that is held this much of the time, in thousandths of a per cent, is busy.
const BUSY: u64 = 50_000;
/// A hold below this is short, one from here on long.
const SHORT_NS: u64 = 100_000;
const LONG_NS: u64 = 1_000_000;

/// Share of holding, in thousandths of a per cent, from which on readers hold a lock.
const READING: u64 = 90_000;

/// The address in the row of all locks that the library had no room for: it is not one.
const OTHERS: &str = "0x0";

/// Functions of the C library that wait for something other than a lock, by whose
/// names alone, whole, a hold is said to be under them.
const WAITING: [&str; 35] = [
    "accept",
    "accept4",
    "clock_nanosleep",
    "connect",
    "epoll_wait",
    "fdatasync",
    "fflush",
    "fread",
    "fsync",
    "fwrite",
    "msync",
    "nanosleep",
    "open",
    "open64",
    "openat",
    "poll",
    "ppoll",
    "pread",
    "pread64",
    "pselect",
    "pwrite",
    "pwrite64",
    "read",
    "readv",
    "recv",
    "recvfrom",
    "recvmsg",
    "select",
    "send",
    "sendmsg",
    "sendto",
    "sleep",
    "usleep",
    "write",
    "writev",
];

/// Something to be done about a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hint {
    /// About which lock.
    pub(crate) lock: Lock,
    /// Whether another lock has the same name.
    pub(crate) is_namesake: bool,
    /// All waiting for it.
    pub(crate) wait_ns: u64,
    /// Where it is held most, or longest.
    pub(crate) site: Option<Rc<Site>>,
    /// What is the matter, and how that is known.
    pub(crate) finding: Finding,
}

/// The hints that are worth most, from the rows by lock of these profiles.
pub(crate) fn find<'a>(
    profiles: impl IntoIterator<Item = &'a Profile> + Clone,
    by_lock: &Analysis,
    filter: &Filter,
) -> Vec<Hint> {
    let worthy = by_lock.rows.iter().filter(|row| is_worth_it(row));
    let mut rows: Vec<(&Lock, &Row)> = worthy
        .filter_map(|row| Some((row.key.lock()?, row)))
        .filter(|(lock, _)| lock.address != OTHERS)
        .collect();
    rows.sort_by_key(|(lock, row)| (std::cmp::Reverse(row.totals.wait_ns()), *lock));
    if rows.is_empty() {
        return Vec::new();
    }
    let holders = Holders::collect(profiles.clone());
    let holdings = holdings(profiles, filter);
    let mut hints = Vec::new();
    for (lock, row) in rows {
        let holding = holdings.get(lock);
        let findings = [
            convoy(row).map(|finding| (row.hold_site.clone(), finding)),
            holding.and_then(|holding| holding.long(row, holders.of(lock))),
            holding
                .and_then(|holding| holding.readers(row))
                .map(|finding| (row.hold_site.clone(), finding)),
            recursive(lock, row).map(|finding| (row.hold_site.clone(), finding)),
        ];
        hints.extend(findings.into_iter().flatten().map(|(site, finding)| Hint {
            lock: lock.clone(),
            is_namesake: row.is_namesake,
            wait_ns: row.totals.wait_ns(),
            site,
            finding,
        }));
    }
    hints.truncate(MOST);
    hints
}

fn is_worth_it(row: &Row) -> bool {
    let error_ns = row.totals.errors.wait_ns.of_lengths().unwrap_or(0);
    let sure_ns = row.totals.wait_ns().saturating_sub(error_ns);
    matches!(row.key, Key::Lock(_))
        && millipercent(sure_ns, row.whole.threads_ns).is_some_and(|share| share >= WORTH)
}

/// A convoy is not: long waits that a few long holds explain.
fn convoy(row: &Row) -> Option<Finding> {
    let totals = &row.totals;
    let wait_mean_ns = totals.wait_mean_ns()?;
    let hold_mean_ns = totals.hold_mean_ns()?;
    let utilisation_millipercent = totals.utilisation_millipercent(row.whole.wall_ns)?;
    let is_convoy = hold_mean_ns < SHORT_NS
        && utilisation_millipercent >= BUSY
        && wait_mean_ns >= hold_mean_ns.saturating_mul(MUCH)
        && totals.time_of_holds_from(wait_mean_ns) < totals.hold_ns / MUCH;
    is_convoy.then_some(Finding::Convoy(Convoy {
        wait_mean_ns,
        hold_mean_ns,
        utilisation_millipercent,
        queue_max: Some(totals.queue_max).filter(|queue| *queue > 0),
    }))
}

fn recursive(lock: &Lock, row: &Row) -> Option<Finding> {
    let totals = &row.totals;
    let hold_p50_ns = totals.hold_percentile_ns(50)?;
    let hold_max_ns = totals.hold_max_ns()?;
    let hides = lock.kind == "recursive"
        && totals.nested > 0
        && hold_max_ns >= hold_p50_ns.saturating_mul(MUCH);
    hides.then_some(Finding::Recursive(Recursive {
        acquisitions: totals.acquisitions,
        nested: totals.nested,
        hold_p50_ns,
        hold_max_ns,
    }))
}

/// The holds of one lock.
#[derive(Default)]
struct Holding {
    /// The long ones, by where they ended.
    long: HashMap<Rc<Site>, LongHold>,
    /// In functions that only read, by their names, and which these are.
    reading_ns: u64,
    readers: HashSet<Rc<Site>>,
}

#[derive(Default)]
struct LongHold {
    holds: u64,
    time_ns: u64,
    longest_ns: u64,
    under: Option<String>,
}

impl Holding {
    /// Whether those who wait wait for readers, who could share the lock.
    fn readers(&self, row: &Row) -> Option<Finding> {
        let hold_ns = row.totals.hold_ns;
        let of_readers = self.reading_ns.saturating_mul(100_000);
        let share = of_readers.checked_div(hold_ns)?;
        (share >= READING).then_some(Finding::Readers(Readers {
            reading_ns: self.reading_ns,
            hold_ns,
            functions: self.readers.len() as u64,
        }))
    }

    fn long(&self, row: &Row, meanwhile: Option<Meanwhile>) -> Option<(Option<Rc<Site>>, Finding)> {
        let (site, long) = self
            .long
            .iter()
            .max_by(|(a, of_a), (b, of_b)| of_a.time_ns.cmp(&of_b.time_ns).then(b.cmp(a)))?;
        let hold_ns = row.totals.hold_ns;
        let finding = Finding::LongHolds(LongHolds {
            holds: long.holds,
            long_ns: long.time_ns,
            hold_ns,
            longest_ns: long.longest_ns,
            under: long.under.clone(),
            meanwhile,
        });
        (long.time_ns >= hold_ns / 2).then(|| (Some(Rc::clone(site)), finding))
    }
}

/// The holds of every lock. Rows are split by length, so the mean of a row says
/// whether its holds were long.
fn holdings<'a>(
    profiles: impl IntoIterator<Item = &'a Profile>,
    filter: &Filter,
) -> HashMap<Lock, Holding> {
    let mut locks: HashMap<Lock, Holding> = HashMap::new();
    for profile in profiles {
        let mut frames = Frames::new(profile);
        let selection = filter.on(profile);
        let outermost = |sample: &&Sample| !is_nested(sample) && selection.has(sample);
        for sample in profile.samples.iter().filter(outermost) {
            let (holds, hold_ns) = (
                of(sample, SampleType::Release),
                of(sample, SampleType::ReleaseHold),
            );
            let Some(mean_ns) = hold_ns.checked_div(holds) else {
                continue;
            };
            let site = frames.site(&sample.stack);
            let holding = locks.entry(Lock::of(sample)).or_default();
            if only_reads(&site.function) {
                increase(&mut holding.reading_ns, hold_ns);
                holding.readers.insert(Rc::clone(&site));
            }
            if mean_ns < LONG_NS {
                continue;
            }
            let long = holding.long.entry(site).or_default();
            increase(&mut long.holds, holds);
            increase(&mut long.time_ns, hold_ns);
            long.longest_ns = long
                .longest_ns
                .max(totals::longest_ns(sample).unwrap_or(mean_ns));
            if long.under.is_none() {
                long.under = under(&frames.names(&sample.stack));
            }
        }
    }
    locks
}

/// The innermost function of a stack that waits for something other than a lock.
fn under(names: &[String]) -> Option<String> {
    let is_waiting = |name: &&String| {
        let plain = name.strip_prefix("__").unwrap_or(name);
        WAITING.contains(&plain.strip_prefix("libc_").unwrap_or(plain))
    };
    names.iter().rev().find(is_waiting).cloned()
}
