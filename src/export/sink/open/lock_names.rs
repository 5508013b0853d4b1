//! The names of locks that rows carry: those most waited for, and no more than a few.

use std::sync::Arc;

use contract::profile::Sample;
use contract::sample_type::{SampleType, label};
use rustc_hash::FxHashMap;

use super::labels::cut;
use crate::export::sink::prominent::{OTHERS, Prominent};

/// Names that rows carry. Each is a series of every value column in a store, and
/// those stop at five thousand series from everybody.
const NAMES_MAX: usize = 20;
/// Names that are weighed between two uploads.
const WEIGHED_MAX: usize = 4096;
/// Longest name, in bytes.
const NAME_BYTES: usize = 512;

/// A lock, by its place among those weighed.
pub(super) type Lock = u32;
/// All locks that are not weighed.
pub(super) const NOT_WEIGHED: Lock = Lock::MAX;

/// Which locks are named.
pub(super) struct LockNames {
    weighed: Vec<Weighed>,
    places: FxHashMap<Arc<str>, Lock>,
    named: Prominent,
}

struct Weighed {
    name: Arc<str>,
    /// What decides who is named.
    wait_ns: i64,
    is_named: bool,
}

impl LockNames {
    pub(super) fn new() -> Self {
        Self {
            weighed: Vec::new(),
            places: FxHashMap::default(),
            named: Prominent::new(NAMES_MAX),
        }
    }

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
        let waited_ns = sample.values.get(SampleType::AcquireWait.index());
        let index = usize::try_from(lock).unwrap_or(usize::MAX);
        if let Some(Weighed { wait_ns, .. }) = self.weighed.get_mut(index) {
            *wait_ns = wait_ns.saturating_add(waited_ns.copied().unwrap_or(0));
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
        let name: Arc<str> = Arc::from(name);
        self.places.insert(Arc::clone(&name), lock);
        self.weighed.push(Weighed {
            is_named: self.named.has(&name),
            wait_ns: 0,
            name,
        });
        Some(lock)
    }

    /// Gives the names that are left to those most waited for so far.
    pub(super) fn choose(&mut self) {
        let weighed = self.weighed.iter();
        self.named
            .admit(weighed.map(|weighed| (&*weighed.name, weighed.wait_ns)));
        for weighed in &mut self.weighed {
            weighed.is_named = self.named.has(&weighed.name);
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
        let mut names = LockNames::new();
        for lock in 0..WEIGHED_MAX + 100 {
            let row = sample(&format!("lock_{lock}"), &[], [1, 0, 0, 0, 0, 0]);
            let place = names.learn(&row);
            assert_eq!(place == NOT_WEIGHED, lock >= WEIGHED_MAX, "{lock}");
        }
        assert_eq!(names.weighed.len(), WEIGHED_MAX);
        names.choose();
        names.forget();
        assert_eq!((names.weighed.len(), names.places.len()), (0, 0));
        let named = (0..WEIGHED_MAX).filter(|lock| names.named.has(&format!("lock_{lock}")));
        assert!((1..=NAMES_MAX).contains(&named.count()));

        let long = sample(&"ü".repeat(2000), &[], [1, 0, 0, 0, 0, 0]);
        assert_ne!(names.learn(&long), NOT_WEIGHED);
        assert_eq!(names.weighed[0].name.len(), NAME_BYTES);
    }
}
