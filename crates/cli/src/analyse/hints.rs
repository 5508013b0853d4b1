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
    /// Where to look.
    pub(crate) place: Option<Place>,
    /// What is the matter, and how that is known.
    pub(crate) finding: Finding,
}

/// Where to look for what makes others wait for a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Where it was held during most of the waiting for it.
    WaitedFor(Rc<Site>),
    /// Where it is held most, as far as that was sampled: whom was waited for is unknown.
    HeldMost(Rc<Site>),
}

impl Place {
    /// Of a lock.
    fn of(row: &Row) -> Option<Self> {
        let culprit = row.culprit.as_ref();
        let waited_for = culprit.map(|culprit| Self::WaitedFor(Rc::clone(&culprit.site)));
        waited_for.or_else(|| row.hold_site.as_ref().map(Rc::clone).map(Self::HeldMost))
    }

    /// The place itself.
    pub(crate) fn site(&self) -> &Rc<Site> {
        match self {
            Self::WaitedFor(site) | Self::HeldMost(site) => site,
        }
    }
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
        let place = Place::of(row);
        let findings = [
            convoy(row),
            holding.and_then(|holding| holding.long(place.as_ref()?.site(), holders.of(lock))),
            holding.and_then(|holding| holding.readers(row)),
            recursive(lock, row),
        ];
        hints.extend(findings.into_iter().flatten().map(|finding| Hint {
            lock: lock.clone(),
            is_namesake: row.is_namesake,
            wait_ns: row.totals.wait_ns(),
            place: place.clone(),
            finding,
        }));
    }
    hints.truncate(MOST);
    hints
}

/// One wait is no pattern: it is often for the end of a thread, and as long as that lives.
fn is_worth_it(row: &Row) -> bool {
    let error_ns = row.totals.errors.wait_ns.of_lengths().unwrap_or(0);
    let sure_ns = row.totals.wait_ns().saturating_sub(error_ns);
    matches!(row.key, Key::Lock(_))
        && row.totals.waits > 1
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
    /// All of them, by where they ended.
    sites: HashMap<Rc<Site>, AtSite>,
    /// In functions that only read, by their names, and which these are.
    reading_ns: u64,
    readers: HashSet<Rc<Site>>,
}

/// The holds that end in one place; all but their time is of the long ones.
#[derive(Default)]
struct AtSite {
    hold_ns: u64,
    long_holds: u64,
    long_ns: u64,
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

    /// Whether most of the time it is held there is in long holds.
    fn long(&self, site: &Rc<Site>, meanwhile: Option<Meanwhile>) -> Option<Finding> {
        let there = self.sites.get(site)?;
        let finding = Finding::LongHolds(LongHolds {
            holds: there.long_holds,
            long_ns: there.long_ns,
            hold_ns: there.hold_ns,
            longest_ns: there.longest_ns,
            under: there.under.clone(),
            meanwhile,
        });
        let is_most = there.long_holds > 0 && there.long_ns >= there.hold_ns / 2;
        is_most.then_some(finding)
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
            let there = holding.sites.entry(site).or_default();
            increase(&mut there.hold_ns, hold_ns);
            if mean_ns < LONG_NS {
                continue;
            }
            increase(&mut there.long_holds, holds);
            increase(&mut there.long_ns, hold_ns);
            let longest_ns = totals::longest_ns(sample).unwrap_or(mean_ns);
            there.longest_ns = there.longest_ns.max(longest_ns);
            if there.under.is_none() {
                there.under = under(&frames.names(&sample.stack));
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
