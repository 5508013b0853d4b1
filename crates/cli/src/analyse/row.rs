//! One row of a report, and how it grows out of the rows of profiles.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::rc::Rc;

use contract::profile::Sample;
use contract::sample_type::{SampleType, label};

use super::frames::{Places, Site};
use super::key::{self, Key, Lock};
use super::totals::{Totals, increase, of};
use super::weights::Basis;

/// Everything about one lock, site, thread or edge.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    /// What it is about.
    pub(crate) key: Key,
    /// Whether another lock of the report has the same name.
    pub(crate) is_namesake: bool,
    /// The sums.
    pub(crate) totals: Totals,
    /// What they are part of.
    pub(crate) whole: Whole,
    /// Where most of the waiting was.
    pub(crate) wait_site: Option<Rc<Site>>,
    /// Where most of the holding ended.
    pub(crate) hold_site: Option<Rc<Site>>,
    /// The lock with most waiting, caused or suffered, else most acquisitions.
    pub(crate) lock: Option<String>,
    /// How many locks.
    pub(crate) locks: u64,
    /// Where the chains end that most of the waiting is put down to, when not with
    /// the holder itself.
    pub(crate) root_site: Option<Rc<Site>>,
    /// The thread most of the waiting was for.
    pub(crate) holder_thread: Option<String>,
    /// Whom most of the waiting is put down to.
    pub(crate) culprit: Option<Culprit>,
}

/// Where something was held during most of the waiting for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Culprit {
    /// Where it was released.
    pub(crate) site: Rc<Site>,
    /// The thread that held it during most of that.
    pub(crate) thread: Option<String>,
    /// How long it was waited for it there.
    pub(crate) wait_ns: u64,
}

/// What the sums of all rows are part of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Whole {
    /// Time covered by the profiles: the sum of their durations.
    pub(crate) wall_ns: u64,
    /// Distinct threads in the profiles.
    pub(crate) threads: u64,
    /// Time of all threads: for each profile its duration times its threads.
    pub(crate) threads_ns: u64,
    /// All waiting.
    pub(crate) wait_ns: u64,
    /// Whether every acquisition was sampled.
    pub(crate) is_exact: bool,
}

/// A row while it grows.
#[derive(Default)]
pub(super) struct Group {
    totals: Totals,
    wait_ns: HashMap<Rc<Site>, u64>,
    hold_ns: HashMap<Rc<Site>, u64>,
    /// Waiting time, caused or suffered, and acquisitions per lock name.
    lock_names: HashMap<String, (u64, u64)>,
    locks: HashSet<Lock>,
    /// Waiting time by the end of its chain; none where that is the holder.
    roots: HashMap<Option<Rc<Site>>, u64>,
    holder_threads: HashMap<String, u64>,
    /// Waiting time by where it was released that was waited for, and by thread.
    holders: HashMap<Rc<Site>, HashMap<String, u64>>,
}

impl Group {
    pub(super) fn add(&mut self, sample: &Sample, places: &Places, basis: &Basis) {
        let site = &places.site;
        self.totals.add(sample, basis);
        let wait_ns = of(sample, SampleType::AcquireWait);
        let blocked_ns = of(sample, SampleType::Blocked);
        add_to(&mut self.wait_ns, site, wait_ns);
        add_to(&mut self.hold_ns, site, of(sample, SampleType::ReleaseHold));
        let sums = self
            .lock_names
            .entry(key::lock_name(sample).to_owned())
            .or_default();
        increase(&mut sums.0, wait_ns.max(blocked_ns));
        increase(&mut sums.1, of(sample, SampleType::Acquire));
        self.locks.insert(Lock::of(sample));
        if wait_ns > 0 {
            add_to(&mut self.roots, &places.root, wait_ns);
            let thread = sample.text(label::BLOCKING_THREAD_NAME);
            let thread = thread.unwrap_or_default().to_owned();
            add_to(&mut self.holder_threads, &thread, wait_ns);
            if let Some(holder) = &places.holder {
                let threads = self.holders.entry(Rc::clone(holder)).or_default();
                add_to(threads, &thread, wait_ns);
            }
        }
    }

    pub(super) fn into_row(self, key: Key, whole: Whole) -> Row {
        let known = |name: &String| !name.is_empty();
        Row {
            key,
            is_namesake: false,
            totals: self.totals,
            whole,
            wait_site: most(self.wait_ns),
            hold_site: most(self.hold_ns),
            lock: most(self.lock_names),
            locks: u64::try_from(self.locks.len()).unwrap_or(u64::MAX),
            root_site: most(self.roots).flatten(),
            holder_thread: most(self.holder_threads).filter(known),
            culprit: culprit(self.holders),
        }
    }
}

fn culprit(holders: HashMap<Rc<Site>, HashMap<String, u64>>) -> Option<Culprit> {
    let all = holders.into_iter().map(|(site, threads)| {
        let wait_ns = threads.values().copied().fold(0, u64::saturating_add);
        (site, wait_ns, threads)
    });
    let (site, wait_ns, threads) =
        all.max_by(|(a, of_a, _), (b, of_b, _)| of_a.cmp(of_b).then_with(|| b.cmp(a)))?;
    Some(Culprit {
        site,
        thread: most(threads).filter(|name| !name.is_empty()),
        wait_ns,
    })
}

fn add_to<K: Clone + Eq + Hash>(sums: &mut HashMap<K, u64>, of: &K, value: u64) {
    if value > 0 {
        increase(sums.entry(of.clone()).or_default(), value);
    }
}

/// The entry with the largest value; of equals, the first by name.
fn most<K: Ord, V: Ord>(sums: HashMap<K, V>) -> Option<K> {
    sums.into_iter()
        .max_by(|(a, of_a), (b, of_b)| of_a.cmp(of_b).then_with(|| b.cmp(a)))
        .map(|(key, _)| key)
}
