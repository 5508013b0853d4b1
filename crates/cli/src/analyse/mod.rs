//! From profiles to rows: one per lock, per place in the code, or per thread.

pub(crate) mod frames;
#[cfg(test)]
mod tests;
pub(crate) mod totals;

use std::collections::HashMap;
use std::rc::Rc;

use contract::profile::{Profile, Sample};
use contract::sample_type::{SampleType, label};

use crate::columns::Column;
use frames::{Frames, Site};
use totals::{Totals, value};

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// One lock.
    Lock,
    /// One place in the code.
    Site,
    /// One thread.
    Thread,
}

/// The lock, site or thread of a row.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Key {
    /// One lock: its name alone need not be its own.
    Lock {
        /// Best name known; the address where there is none.
        name: String,
        /// What sort of lock.
        kind: String,
        /// Its address, `0x…`.
        address: String,
    },
    /// One place in the code.
    Site(Rc<Site>),
    /// One thread.
    Thread {
        /// Its name; empty where none is known.
        name: String,
        /// The kernel's id of it.
        native_id: Option<i64>,
    },
}

/// Everything about one lock, site or thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// What it is about.
    pub(crate) key: Key,
    /// Whether another row has the same lock name.
    pub(crate) is_namesake: bool,
    /// The sums.
    pub(crate) totals: Totals,
    /// Time covered by the profiles.
    pub(crate) wall_ns: u64,
    /// Where most of the waiting was.
    pub(crate) wait_site: Option<Rc<Site>>,
    /// Where most of the holding ended.
    pub(crate) hold_site: Option<Rc<Site>>,
    /// The lock with most waiting, else most acquisitions.
    pub(crate) lock: Option<String>,
}

/// The rows and their sum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Analysis {
    /// In no particular order.
    pub(crate) rows: Vec<Row>,
    /// Of all rows.
    pub(crate) total: Totals,
    /// Time covered by the profiles: the sum of their durations.
    pub(crate) wall_ns: u64,
}

impl Analysis {
    /// All rows as one, about nothing in particular.
    pub(crate) fn total_row(&self) -> Row {
        Row {
            key: Key::Site(Rc::default()),
            is_namesake: false,
            totals: self.total.clone(),
            wall_ns: self.wall_ns,
            wait_site: None,
            hold_site: None,
            lock: None,
        }
    }

    /// The rows in the order of a column, at most so many.
    pub(crate) fn sorted(&self, column: &Column, most: Option<usize>) -> Vec<&Row> {
        let mut rows: Vec<&Row> = self.rows.iter().collect();
        rows.sort_by(|a, b| column.order(a, b));
        rows.truncate(most.unwrap_or(usize::MAX));
        rows
    }
}

/// Groups what profiles say.
pub(crate) fn analyse<'a>(profiles: impl IntoIterator<Item = &'a Profile>, by: By) -> Analysis {
    let mut groups: HashMap<Key, Group> = HashMap::new();
    let mut analysis = Analysis::default();
    for profile in profiles {
        analysis.wall_ns = analysis.wall_ns.saturating_add(value(profile.duration_ns));
        let mut frames = Frames::new(profile);
        for sample in &profile.samples {
            let site = frames.site(&sample.stack);
            analysis.total.add(sample);
            groups
                .entry(key(by, sample, &site))
                .or_default()
                .add(sample, &site);
        }
    }
    analysis.rows = groups
        .into_iter()
        .map(|(key, group)| group.into_row(key, analysis.wall_ns))
        .collect();
    mark_namesakes(&mut analysis.rows);
    analysis
}

fn key(by: By, sample: &Sample, site: &Rc<Site>) -> Key {
    match by {
        By::Lock => Key::Lock {
            name: lock_name(sample).to_owned(),
            kind: sample.text(label::LOCK_KIND).unwrap_or_default().to_owned(),
            address: sample.text(label::LOCK).unwrap_or_default().to_owned(),
        },
        By::Site => Key::Site(Rc::clone(site)),
        By::Thread => Key::Thread {
            name: sample
                .text(label::THREAD_NAME)
                .unwrap_or_default()
                .to_owned(),
            native_id: sample.number(label::THREAD_NATIVE_ID),
        },
    }
}

fn lock_name(sample: &Sample) -> &str {
    sample
        .text(label::LOCK_NAME)
        .or_else(|| sample.text(label::LOCK))
        .unwrap_or("[unknown]")
}

fn mark_namesakes(rows: &mut [Row]) {
    let mut uses: HashMap<String, usize> = HashMap::new();
    for row in &*rows {
        if let Key::Lock { name, .. } = &row.key {
            *uses.entry(name.clone()).or_default() += 1;
        }
    }
    for row in rows {
        if let Key::Lock { name, .. } = &row.key {
            row.is_namesake = uses.get(name).is_some_and(|uses| *uses > 1);
        }
    }
}

/// A row while it grows.
#[derive(Default)]
struct Group {
    totals: Totals,
    wait_ns: HashMap<Rc<Site>, u64>,
    hold_ns: HashMap<Rc<Site>, u64>,
    /// Waiting time and acquisitions per lock name.
    locks: HashMap<String, (u64, u64)>,
}

impl Group {
    fn add(&mut self, sample: &Sample, site: &Rc<Site>) {
        self.totals.add(sample);
        let of = |column: SampleType| sample.values.get(column.index()).map_or(0, |v| value(*v));
        let (wait_ns, hold_ns) = (of(SampleType::AcquireWait), of(SampleType::ReleaseHold));
        add_to(&mut self.wait_ns, site, wait_ns);
        add_to(&mut self.hold_ns, site, hold_ns);
        let lock = self.locks.entry(lock_name(sample).to_owned()).or_default();
        lock.0 = lock.0.saturating_add(wait_ns);
        lock.1 = lock.1.saturating_add(of(SampleType::Acquire));
    }

    fn into_row(self, key: Key, wall_ns: u64) -> Row {
        Row {
            key,
            is_namesake: false,
            totals: self.totals,
            wall_ns,
            wait_site: most(self.wait_ns),
            hold_site: most(self.hold_ns),
            lock: most(self.locks),
        }
    }
}

fn add_to(sums: &mut HashMap<Rc<Site>, u64>, site: &Rc<Site>, value: u64) {
    if value > 0 {
        let sum = sums.entry(Rc::clone(site)).or_default();
        *sum = sum.saturating_add(value);
    }
}

/// The entry with the largest value; of equals, the first by name.
fn most<K: Ord, V: Ord>(sums: HashMap<K, V>) -> Option<K> {
    sums.into_iter()
        .max_by(|(a, of_a), (b, of_b)| of_a.cmp(of_b).then_with(|| b.cmp(a)))
        .map(|(key, _)| key)
}
