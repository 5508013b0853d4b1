//! Sync waits, of which some thread or process is the end and no lock: set apart from what
//! is about locks, so that they are in no sum of it.

use std::collections::BTreeSet;

use contract::profile::{Profile, Sample};
use contract::sample_type::{SampleType, label};

use super::filter::Filter;
use super::totals::{increase, of};

/// Takes the rows about sync waits out of a profile, as one of its own. There they
/// stand in the columns of waiting, so that they are added up in the same way.
pub(crate) fn split_off(profile: &mut Profile) -> Profile {
    let (sync, locks) = std::mem::take(&mut profile.samples)
        .into_iter()
        .partition(|sample| of(sample, SampleType::SyncWaits) > 0);
    profile.samples = locks;
    let mut split = Profile {
        samples: sync,
        ..with_tables_of(profile)
    };
    for sample in &mut split.samples {
        exchange(sample, SampleType::SyncWaits, SampleType::Contention);
        exchange(sample, SampleType::SyncWait, SampleType::AcquireWait);
    }
    split
}

/// A profile without rows that refers to the same things.
fn with_tables_of(profile: &Profile) -> Profile {
    Profile {
        start_unix_ns: profile.start_unix_ns,
        duration_ns: profile.duration_ns,
        mappings: profile.mappings.clone(),
        functions: profile.functions.clone(),
        locations: profile.locations.clone(),
        samples: Vec::new(),
        comments: profile.comments.clone(),
    }
}

fn exchange(sample: &mut Sample, from: SampleType, to: SampleType) {
    sample.values.swap(from.index(), to.index());
}

/// The kinds of sync waits, and what each is for, in the order in which they are told.
const KINDS: [(&str, &str); 6] = [
    ("cond", "for signals"),
    ("barrier", "at barriers"),
    ("once", "for initialisers"),
    ("join", "for ends of threads"),
    ("futex", "by futex"),
    ("file", "for locks on files"),
];

/// Whether a kind is one of sync waits.
pub(crate) fn is_kind(kind: &str) -> bool {
    KINDS.iter().any(|(known, _)| *known == kind)
}

/// All sync waits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) waits: u64,
    pub(crate) wait_ns: u64,
    kinds: BTreeSet<String>,
}

impl Sum {
    /// What they were for, as far as there were any: `for signals, at barriers`.
    pub(crate) fn purposes(&self) -> String {
        let known = KINDS.iter().filter(|(kind, _)| self.kinds.contains(*kind));
        let mut purposes: Vec<&str> = known.map(|(_, purpose)| *purpose).collect();
        if self.kinds.iter().any(|kind| !is_kind(kind)) {
            purposes.push("for something else");
        }
        purposes.join(", ")
    }
}

/// How many, how long together, and of which kinds.
pub(crate) fn sum<'a>(sync: impl IntoIterator<Item = &'a Profile>, filter: &Filter) -> Sum {
    let mut sum = Sum::default();
    for profile in sync {
        let selection = filter.on(profile);
        for sample in profile
            .samples
            .iter()
            .filter(|sample| selection.has(sample))
        {
            increase(&mut sum.waits, of(sample, SampleType::Contention));
            increase(&mut sum.wait_ns, of(sample, SampleType::AcquireWait));
            let kind = sample.text(label::LOCK_KIND).unwrap_or_default();
            if !sum.kinds.contains(kind) {
                sum.kinds.insert(kind.to_owned());
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_set_apart_with_their_tables() {
        let row = |values| Sample {
            values,
            ..Sample::default()
        };
        let mut profile = Profile {
            duration_ns: 7,
            comments: vec!["pid: 1".to_owned()],
            samples: vec![
                row([3, 20, 0, 0, 2, 0, 3, 0, 0]),
                row([0, 0, 0, 0, 0, 0, 2, 4, 50]),
            ],
            ..Profile::default()
        };
        let sync = split_off(&mut profile);
        assert_eq!(profile.samples, [row([3, 20, 0, 0, 2, 0, 3, 0, 0])]);
        assert_eq!(sync.samples, [row([0, 50, 0, 0, 4, 0, 2, 0, 0])]);
        assert_eq!((sync.duration_ns, sync.comments.len()), (7, 1));
        let of = |profile: &Profile| {
            let sum = sum([profile], &Filter::default());
            (sum.waits, sum.wait_ns)
        };
        assert_eq!(of(&sync), (4, 50));
        assert_eq!(of(&split_off(&mut profile)), (0, 0));
    }

    #[test]
    fn only_what_there_was_is_told_to_have_been_waited_for() {
        let purposes = |kinds: &[&str]| {
            let kinds = kinds.iter().map(|kind| (*kind).to_owned()).collect();
            let sum = Sum {
                kinds,
                ..Sum::default()
            };
            sum.purposes()
        };
        assert_eq!(purposes(&["join"]), "for ends of threads");
        assert_eq!(
            purposes(&["file", "futex", "cond"]),
            "for signals, by futex, for locks on files"
        );
        assert_eq!(purposes(&["quantum"]), "for something else");
    }
}
