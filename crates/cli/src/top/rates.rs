//! What happened between two looks at a program, lock by lock.

use std::collections::HashMap;

use contract::control::Queue;
use contract::profile::Profile;
use contract::sample_type::SampleType;

use crate::analyse::frames::Frames;
use crate::analyse::key::Lock;
use crate::analyse::sync;
use crate::analyse::totals::{increase, millipercent, of};

/// The sums of one profile, by the address of the lock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sums {
    /// Since the process began.
    span_ns: u64,
    locks: HashMap<String, OfLock>,
}

#[derive(Clone, Debug, Default)]
struct OfLock {
    lock: Lock,
    acquisitions: u64,
    contentions: u64,
    wait_ns: u64,
    hold_ns: u64,
    /// Waiting by place.
    sites: HashMap<String, u64>,
}

impl Sums {
    /// Of a profile; what is no lock is left out.
    pub(crate) fn new(profile: &Profile) -> Self {
        let mut sums = Self {
            span_ns: u64::try_from(profile.duration_ns).unwrap_or(0),
            locks: HashMap::new(),
        };
        let mut frames = Frames::new(profile);
        for sample in &profile.samples {
            if of(sample, SampleType::SyncWaits) > 0 {
                continue;
            }
            let lock = Lock::of(sample);
            let sum = sums.locks.entry(lock.address.clone()).or_default();
            increase(&mut sum.acquisitions, of(sample, SampleType::Acquire));
            increase(&mut sum.contentions, of(sample, SampleType::Contention));
            increase(&mut sum.hold_ns, of(sample, SampleType::ReleaseHold));
            let wait_ns = of(sample, SampleType::AcquireWait);
            if wait_ns > 0 {
                increase(&mut sum.wait_ns, wait_ns);
                let site = frames.site(&sample.stack).to_string();
                increase(sum.sites.entry(site).or_default(), wait_ns);
            }
            sum.lock = lock;
        }
        sums
    }
}

/// One lock, per second.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Row {
    pub(crate) lock: Lock,
    /// Whether another lock has the same name.
    pub(crate) is_namesake: bool,
    /// Waiting per second.
    pub(crate) wait_ns: u64,
    pub(crate) contentions: u64,
    pub(crate) acquisitions: u64,
    /// Thousandths of a per cent of the time in which it was held.
    pub(crate) held: u64,
    /// Where most of the waiting was.
    pub(crate) site: Option<String>,
    /// Who waits now.
    pub(crate) queue: Option<Queue>,
}

/// What happened from one look to the next, in no particular order. What one process
/// tells may shrink for a moment; it counts as nothing then.
pub(crate) fn between(before: &Sums, now: &Sums, queues: &[Queue]) -> Vec<Row> {
    let span_ns = now.span_ns.saturating_sub(before.span_ns).max(1);
    let nothing = OfLock::default();
    let mut rows: Vec<Row> = now
        .locks
        .iter()
        .map(|(address, of_lock)| {
            let before = before.locks.get(address).unwrap_or(&nothing);
            of_lock.since(before, span_ns)
        })
        .collect();
    for queue in queues.iter().filter(|queue| !sync::is_kind(&queue.kind)) {
        match rows.iter_mut().find(|row| row.lock.address == queue.lock) {
            Some(row) => row.queue = Some(queue.clone()),
            None => rows.push(Row {
                lock: Lock {
                    name: queue.name.clone(),
                    kind: queue.kind.clone(),
                    address: queue.lock.clone(),
                },
                queue: Some(queue.clone()),
                ..Row::default()
            }),
        }
    }
    let mut uses: HashMap<String, u32> = HashMap::new();
    for row in &rows {
        *uses.entry(row.lock.name.clone()).or_default() += 1;
    }
    for row in &mut rows {
        row.is_namesake = uses.get(&row.lock.name).is_some_and(|uses| *uses > 1);
    }
    rows
}

impl OfLock {
    fn since(&self, before: &Self, span_ns: u64) -> Row {
        let per_second = |now: u64, before: u64| {
            let more = u128::from(now.saturating_sub(before)) * 1_000_000_000;
            u64::try_from(more / u128::from(span_ns)).unwrap_or(u64::MAX)
        };
        let grown = |site: &String, now: u64| {
            now.saturating_sub(before.sites.get(site).copied().unwrap_or(0))
        };
        let most = self
            .sites
            .iter()
            .map(|(site, now)| (grown(site, *now), site))
            .max_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.cmp(a.1)));
        Row {
            lock: self.lock.clone(),
            wait_ns: per_second(self.wait_ns, before.wait_ns),
            contentions: per_second(self.contentions, before.contentions),
            acquisitions: per_second(self.acquisitions, before.acquisitions),
            held: millipercent(self.hold_ns.saturating_sub(before.hold_ns), span_ns).unwrap_or(0),
            site: most.filter(|(ns, _)| *ns > 0).map(|(_, site)| site.clone()),
            ..Row::default()
        }
    }
}

impl Row {
    /// How many wait now.
    pub(crate) fn waiting(&self) -> u32 {
        self.queue.as_ref().map_or(0, |queue| queue.waiting)
    }

    /// Whether anything happened, or happens.
    pub(crate) fn is_active(&self) -> bool {
        self.wait_ns + self.contentions + self.acquisitions + self.held > 0 || self.queue.is_some()
    }
}

/// What decides the order of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    Wait,
    Contentions,
    Acquisitions,
    Held,
    Waiting,
}

/// All orders, in the order in which a key goes through them.
pub(crate) const SORTS: [(Sort, &str); 5] = [
    (Sort::Wait, "wait"),
    (Sort::Contentions, "contentions"),
    (Sort::Acquisitions, "acquisitions"),
    (Sort::Held, "held"),
    (Sort::Waiting, "waiting"),
];

impl Sort {
    /// The order of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let row = SORTS.iter().find(|(_, known)| *known == name);
        row.map(|(sort, _)| *sort)
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        let row = SORTS.iter().find(|(sort, _)| *sort == self);
        row.map_or("", |(_, name)| name)
    }

    /// The next one.
    pub(crate) fn next(self) -> Self {
        let at = SORTS.iter().position(|(sort, _)| *sort == self);
        let next = at.map_or(0, |at| (at + 1) % SORTS.len());
        SORTS.get(next).map_or(self, |(sort, _)| *sort)
    }

    fn value(self, row: &Row) -> u64 {
        match self {
            Self::Wait => row.wait_ns,
            Self::Contentions => row.contentions,
            Self::Acquisitions => row.acquisitions,
            Self::Held => row.held,
            Self::Waiting => u64::from(row.waiting()),
        }
    }

    /// Sorts, the most first; of equals, those first for which somebody waits now.
    pub(crate) fn apply(self, rows: &mut [Row]) {
        rows.sort_by(|a, b| {
            let (waiting, held) = (b.waiting().cmp(&a.waiting()), b.held.cmp(&a.held));
            let value = self.value(b).cmp(&self.value(a));
            value
                .then(waiting)
                .then(b.acquisitions.cmp(&a.acquisitions))
                .then(held)
                .then_with(|| a.lock.cmp(&b.lock))
        });
    }
}
