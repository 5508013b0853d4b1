//! The names of locks that rows carry: those most waited for, and no more than a few.

use std::sync::Arc;

use contract::profile::Sample;
use contract::sample_type::{SampleType, label};
use rustc_hash::FxHashMap;

use super::labels::cut;

/// Names that rows carry. Each is a series of every value column in a store, and
/// those stop at five thousand series from everybody.
const NAMES_MAX: usize = 20;
/// Names that are weighed between two uploads.
const WEIGHED_MAX: usize = 4096;
/// Longest name, in bytes.
const NAME_BYTES: usize = 512;

/// Label of the locks that have no name of their own here.
pub(super) const OTHERS: &str = "[others]";

/// A lock, by its place among those weighed.
pub(super) type Lock = u32;
/// All locks that are not weighed.
pub(super) const NOT_WEIGHED: Lock = Lock::MAX;

/// Which locks are named. Once a lock is, it stays so: a series that comes and goes
/// cannot be read.
#[derive(Default)]
pub(super) struct LockNames {
    weighed: Vec<Weighed>,
    places: FxHashMap<Arc<str>, Lock>,
    named: Vec<Arc<str>>,
}

struct Weighed {
    name: Arc<str>,
    /// Waiting, then events: what decides who is named.
    weight: (i64, i64),
    is_named: bool,
}

impl LockNames {
    /// Weighs a row, and says which lock it is about.
    pub(super) fn learn(&mut self, sample: &Sample) -> Lock {
        let name = cut(sample.text(label::LOCK_NAME).unwrap_or(""), NAME_BYTES);
        // An address says nothing in the next run.
        if name.is_empty() || name.starts_with("0x") {
            return NOT_WEIGHED;
        }
        let Some(lock) = self.place(name) else {
            return NOT_WEIGHED;
        };
        let value = |column: SampleType| sample.values.get(column.index()).copied().unwrap_or(0);
        let index = usize::try_from(lock).unwrap_or(usize::MAX);
        if let Some(Weighed { weight, .. }) = self.weighed.get_mut(index) {
            weight.0 = weight.0.saturating_add(value(SampleType::AcquireWait));
            weight.1 = weight.1.saturating_add(value(SampleType::Acquire));
        }
        lock
    }

    fn place(&mut self, name: &str) -> Option<Lock> {
        if let Some(lock) = self.places.get(name) {
            return Some(*lock);
        }
        if self.weighed.len() >= WEIGHED_MAX {
            return None;
        }
        let lock = Lock::try_from(self.weighed.len()).ok()?;
        let named = self.named.iter().find(|named| &***named == name);
        let name = named.cloned().unwrap_or_else(|| Arc::from(name));
        self.places.insert(name.clone(), lock);
        self.weighed.push(Weighed {
            is_named: self.named.contains(&name),
            weight: (0, 0),
            name,
        });
        Some(lock)
    }

    /// Gives the names that are left to those most waited for so far.
    pub(super) fn choose(&mut self) {
        let left = NAMES_MAX.saturating_sub(self.named.len());
        let mut unnamed: Vec<&mut Weighed> = self
            .weighed
            .iter_mut()
            .filter(|weighed| !weighed.is_named)
            .collect();
        unnamed.sort_unstable_by(|a, b| b.weight.cmp(&a.weight).then(a.name.cmp(&b.name)));
        for weighed in unnamed.into_iter().take(left) {
            weighed.is_named = true;
            self.named.push(weighed.name.clone());
        }
    }

    /// The lock as rows show it: itself, or all without a name.
    pub(super) fn shown(&self, lock: Lock) -> Lock {
        match self.weighed(lock) {
            Some(weighed) if weighed.is_named => lock,
            _ => NOT_WEIGHED,
        }
    }

    /// The label of a lock.
    pub(super) fn label(&self, lock: Lock) -> &str {
        match self.weighed(lock) {
            Some(weighed) if weighed.is_named => &weighed.name,
            _ => OTHERS,
        }
    }

    fn weighed(&self, lock: Lock) -> Option<&Weighed> {
        self.weighed.get(usize::try_from(lock).ok()?)
    }

    /// Forgets all but who is named.
    pub(super) fn forget(&mut self) {
        self.weighed = Vec::new();
        self.places = FxHashMap::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::sink::open::tests::sample;

    #[test]
    fn however_many_locks_there_are_few_are_kept_and_fewer_for_long() {
        let mut names = LockNames::default();
        for lock in 0..WEIGHED_MAX + 100 {
            let row = sample(&format!("lock_{lock}"), &[], [1, 0, 0, 0, 0, 0]);
            let place = names.learn(&row);
            assert_eq!(place == NOT_WEIGHED, lock >= WEIGHED_MAX, "{lock}");
        }
        assert_eq!(names.weighed.len(), WEIGHED_MAX);
        names.choose();
        names.forget();
        assert_eq!((names.weighed.len(), names.places.len()), (0, 0));
        assert_eq!(names.named.len(), NAMES_MAX);

        let long = sample(&"ü".repeat(2000), &[], [1, 0, 0, 0, 0, 0]);
        assert_ne!(names.learn(&long), NOT_WEIGHED);
        assert_eq!(names.weighed[0].name.len(), NAME_BYTES);
    }
}
