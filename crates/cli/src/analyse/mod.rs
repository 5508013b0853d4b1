//! From profiles to rows: one per lock, per place in the code, per thread, or per edge.

pub(crate) mod array;
pub(crate) mod buckets;
pub(crate) mod condition;
pub(crate) mod diff;
pub(crate) mod filter;
pub(crate) mod finding;
pub(crate) mod frames;
pub(crate) mod hints;
pub(crate) mod holders;
pub(crate) mod key;
pub(crate) mod listing;
mod reading;
pub(crate) mod remarks;
pub(crate) mod row;
pub(crate) mod spread;
pub(crate) mod stacks;
pub(crate) mod sync;
#[cfg(test)]
mod tests;
pub(crate) mod totals;
pub(crate) mod weights;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use contract::profile::{Profile, Sample};
use contract::sample_type::label;

use crate::columns::Column;
use crate::load::Loaded;
use array::Arrays;
use filter::Filter;
use frames::Frames;
pub(crate) use key::{By, Key};
use row::Group;
pub(crate) use row::{Row, Whole};
use totals::{Totals, increase, value};
use weights::Weights;

/// The rows and their sum.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Analysis {
    /// In no particular order.
    pub(crate) rows: Vec<Row>,
    /// Of everything in the profiles.
    pub(crate) total: Totals,
    /// What the rows are part of.
    pub(crate) whole: Whole,
}

impl Analysis {
    /// All rows as one, about nothing in particular.
    pub(crate) fn total_row(&self) -> Row {
        Row {
            key: Key::Site(Rc::default()),
            is_namesake: false,
            totals: self.total.clone(),
            whole: self.whole,
            wait_site: None,
            hold_site: None,
            lock: None,
            locks: self
                .rows
                .iter()
                .map(|row| row.locks)
                .fold(0, u64::saturating_add),
            root_site: None,
            holder_thread: None,
            culprit: None,
        }
    }

    /// Leaves rows out that have less waiting, caused or suffered, and says how many. They
    /// stay in the sum.
    pub(crate) fn leave_out(&mut self, below_ns: u64) -> usize {
        let all = self.rows.len();
        self.rows
            .retain(|row| row.totals.wait_ns().max(row.totals.blocked_ns) >= below_ns);
        all - self.rows.len()
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
pub(crate) fn analyse<'a>(
    profiles: impl IntoIterator<Item = &'a Profile> + Clone,
    by: By,
) -> Analysis {
    selected(profiles, by, &Filter::default())
}

/// Groups what of it a filter lets through. Shares are of the time of all threads that
/// it lets through, whether they took such a lock or not; and an estimate is as sure as
/// in the whole profile.
pub(crate) fn selected<'a>(
    profiles: impl IntoIterator<Item = &'a Profile> + Clone,
    by: By,
    filter: &Filter,
) -> Analysis {
    grouped(profiles, by, filter, &Arrays::default())
}

/// Groups by name, where the locks of an array are one.
pub(crate) fn by_name<'a>(
    profiles: impl IntoIterator<Item = &'a Profile> + Clone,
    filter: &Filter,
) -> Analysis {
    let arrays = Arrays::find(profiles.clone());
    grouped(profiles, By::Name, filter, &arrays)
}

fn grouped<'a>(
    profiles: impl IntoIterator<Item = &'a Profile> + Clone,
    by: By,
    filter: &Filter,
    arrays: &Arrays,
) -> Analysis {
    let mut groups: HashMap<Key, Group> = HashMap::new();
    let mut analysis = Analysis {
        whole: whole(profiles.clone(), filter),
        ..Analysis::default()
    };
    for profile in profiles {
        let weights = Weights::new(profile);
        let mut frames = Frames::new(profile);
        let selection = filter.on(profile);
        for sample in profile
            .samples
            .iter()
            .filter(|sample| selection.has(sample))
        {
            let places = frames.places(sample);
            let basis = weights.basis(sample);
            analysis.total.add(sample, &basis);
            if let Some(key) = Key::new(by, sample, &places) {
                let key = key.in_array(arrays);
                groups.entry(key).or_default().add(sample, &places, &basis);
            }
        }
    }
    analysis.whole.wait_ns = analysis.total.wait_ns();
    analysis.rows = groups
        .into_iter()
        .map(|(key, group)| group.into_row(key, analysis.whole))
        .collect();
    mark_namesakes(&mut analysis.rows);
    analysis
}

/// Groups by kind, sync waits too; the sum is that of the locks.
pub(crate) fn by_kind(files: &[Loaded], filter: &Filter) -> Analysis {
    let mut locks = selected(files.iter().map(|file| &file.profile), By::Kind, filter);
    let mut sync = selected(files.iter().map(|file| &file.sync), By::Kind, filter);
    for row in &mut sync.rows {
        if let Key::Kind { is_sync, .. } = &mut row.key {
            *is_sync = true;
        }
    }
    locks.rows.append(&mut sync.rows);
    locks
}

/// What the rows of these profiles are part of, but for the waiting.
fn whole<'a>(profiles: impl IntoIterator<Item = &'a Profile>, filter: &Filter) -> Whole {
    let mut whole = Whole {
        is_exact: true,
        ..Whole::default()
    };
    for profile in profiles {
        let wall_ns = value(profile.duration_ns);
        let samples = profile
            .samples
            .iter()
            .filter(|sample| filter.has_thread(sample));
        let threads: HashSet<_> = samples.filter_map(thread).collect();
        let threads = u64::try_from(threads.len()).unwrap_or(u64::MAX);
        increase(&mut whole.wall_ns, wall_ns);
        increase(&mut whole.threads, threads);
        increase(&mut whole.threads_ns, wall_ns.saturating_mul(threads));
        whole.is_exact &= weights::is_exact(profile);
    }
    whole
}

/// What tells the thread of a row from others; none where it has none.
fn thread(sample: &Sample) -> Option<(Option<i64>, Option<&str>)> {
    let id = sample.number(label::THREAD_NATIVE_ID);
    let name = sample.text(label::THREAD_NAME).filter(|_| id.is_none());
    (id.is_some() || name.is_some()).then_some((id, name))
}

fn mark_namesakes(rows: &mut [Row]) {
    let mut uses: HashMap<String, HashSet<(String, String)>> = HashMap::new();
    for lock in rows.iter().filter_map(|row| row.key.lock()) {
        let of_name = uses.entry(lock.name.clone()).or_default();
        of_name.insert((lock.kind.clone(), lock.address.clone()));
    }
    for row in rows {
        let name = row.key.lock().map(|lock| &lock.name);
        let of_name = name.and_then(|name| uses.get(name));
        row.is_namesake = of_name.is_some_and(|locks| locks.len() > 1);
    }
}
