//! Sync waits (for signals, at barriers, for initialisers, for the end of threads): set
//! apart from what is about locks, so that they are in no sum of it.

use contract::profile::{Profile, Sample};
use contract::sample_type::SampleType;

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

/// How many, and how long together.
pub(crate) fn sum<'a>(sync: impl IntoIterator<Item = &'a Profile>, filter: &Filter) -> (u64, u64) {
    let mut sum = (0, 0);
    for profile in sync {
        let selection = filter.on(profile);
        for sample in profile
            .samples
            .iter()
            .filter(|sample| selection.has(sample))
        {
            increase(&mut sum.0, of(sample, SampleType::Contention));
            increase(&mut sum.1, of(sample, SampleType::AcquireWait));
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
        assert_eq!(sum([&sync], &Filter::default()), (4, 50));
        assert_eq!(sum([&split_off(&mut profile)], &Filter::default()), (0, 0));
    }
}
