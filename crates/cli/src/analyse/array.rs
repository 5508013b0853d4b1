//! Which locks are elements of one array: they lie in one object and are taken at the same places.
//!
//! The elements of an array of locks have names of their own (`shards+0x40`). So have
//! different locks of one structure; but those are hardly ever taken through the very
//! same calls.

use std::collections::HashMap;

use contract::profile::Profile;
use contract::sample_type::SampleType;

use super::key::lock_name;
use super::totals::of;

/// Frames of a stack by which it is the same place: one would not do, since a function
/// that merely takes a lock may take any.
const FRAMES: usize = 3;

/// Where in the code a stack is: files and addresses in them, the same in every process.
type Place<'a> = Vec<(&'a str, u64)>;

/// The names of arrays by the names of their elements.
#[derive(Debug, Default)]
pub(crate) struct Arrays(HashMap<String, String>);

/// Locks of one object that belong together, as far as is known: by their places.
#[derive(Default)]
struct Groups<'a> {
    /// Lock → a lock it belongs to; itself if none is known.
    belongs: HashMap<&'a str, &'a str>,
    /// Object and place → the first lock that was taken there.
    first: HashMap<(&'a str, Place<'a>), &'a str>,
}

impl Arrays {
    /// Finds those in these profiles.
    pub(crate) fn find<'a>(profiles: impl IntoIterator<Item = &'a Profile>) -> Self {
        let mut groups = Groups::default();
        for profile in profiles {
            let taken = |column| move |sample: &&_| of(sample, column) > 0;
            for sample in profile.samples.iter().filter(taken(SampleType::Acquire)) {
                let lock = lock_name(sample);
                if let Some(object) = object_of(lock) {
                    groups.add(object, place(profile, &sample.stack), lock);
                }
            }
        }
        Self(groups.names())
    }

    /// The name of the array that a lock of this name is in; its own if it is in none.
    pub(crate) fn name_of<'a>(&'a self, lock: &'a str) -> &'a str {
        self.0.get(lock).map_or(lock, |name| name)
    }
}

impl<'a> Groups<'a> {
    fn add(&mut self, object: &'a str, place: Place<'a>, lock: &'a str) {
        self.belongs.entry(lock).or_insert(lock);
        let first = *self.first.entry((object, place)).or_insert(lock);
        let (one, other) = (self.head(first), self.head(lock));
        self.belongs.insert(other, one);
    }

    /// The lock that stands for all that a lock belongs to.
    fn head(&self, mut lock: &'a str) -> &'a str {
        while let Some(next) = self.belongs.get(lock).filter(|next| **next != lock) {
            lock = next;
        }
        lock
    }

    /// The names of arrays, each of which has several elements: `shards[*]`. Arrays that lie
    /// in one object have the same: which element of them was seen first is chance.
    fn names(&self) -> HashMap<String, String> {
        let mut elements: HashMap<&str, u64> = HashMap::new();
        for lock in self.belongs.keys() {
            *elements.entry(self.head(lock)).or_default() += 1;
        }
        let is_one_of_many = |lock: &&&str| {
            elements
                .get(self.head(lock))
                .is_some_and(|count| *count > 1)
        };
        let locks = self.belongs.keys().filter(is_one_of_many);
        locks
            .filter_map(|lock| {
                let object = object_of(lock)?;
                Some(((*lock).to_owned(), format!("{object}[*]")))
            })
            .collect()
    }
}

/// The object in which a lock of this name lies; none where its name is no object's.
fn object_of(lock: &str) -> Option<&str> {
    if lock.starts_with('[') || lock.starts_with("0x") || lock.ends_with(')') {
        return None;
    }
    let Some((object, offset)) = lock.rsplit_once("+0x") else {
        return Some(lock);
    };
    u64::from_str_radix(offset, 16).ok().map(|_| object)
}

/// The innermost frames of a stack.
fn place<'a>(profile: &'a Profile, stack: &[usize]) -> Place<'a> {
    let locations = stack
        .iter()
        .take(FRAMES)
        .filter_map(|index| profile.locations.get(*index));
    locations
        .map(|location| {
            let mapping = location
                .mapping
                .and_then(|index| profile.mappings.get(index));
            mapping.map_or(("", location.address), |mapping| {
                let offset = location.address.wrapping_sub(mapping.start);
                (mapping.file.as_str(), offset)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use contract::profile::{Label, LabelValue, Location, Sample};
    use contract::sample_type::label;

    use super::*;

    fn taken(lock: &str, stack: &[usize]) -> Sample {
        let mut sample = Sample {
            stack: stack.to_vec(),
            labels: vec![Label {
                key: label::LOCK_NAME.to_owned(),
                value: LabelValue::Text(lock.to_owned()),
            }],
            ..Sample::default()
        };
        sample.values[SampleType::Acquire.index()] = 1;
        sample
    }

    fn arrays(samples: Vec<Sample>) -> Arrays {
        let location = |address| Location {
            address,
            ..Location::default()
        };
        Arrays::find([&Profile {
            samples,
            locations: (0..8).map(location).collect(),
            ..Profile::default()
        }])
    }

    #[test]
    fn locks_of_an_object_that_are_taken_at_the_same_places_are_one_array() {
        let arrays = arrays(vec![
            taken("shards+0x28", &[0, 1]),
            taken("shards", &[0, 1]),
            taken("shards+0x28", &[2, 1]),
            // Through another one, which is taken at both.
            taken("shards+0x50", &[2, 1]),
            taken("cache+0x80", &[3]),
            taken("cache+0x40", &[3]),
            taken("cache+0x8", &[4]),
        ]);
        for lock in ["shards", "shards+0x28", "shards+0x50"] {
            assert_eq!(arrays.name_of(lock), "shards[*]");
        }
        assert_eq!(arrays.name_of("cache+0x80"), "cache[*]");
        assert_eq!(arrays.name_of("cache+0x8"), "cache+0x8");
    }

    #[test]
    fn locks_of_different_objects_or_callers_are_different_locks() {
        let arrays = arrays(vec![
            taken("state", &[0, 1]),
            taken("state+0x28", &[0, 2]),
            taken("other+0x28", &[0, 1]),
            taken("make (init)", &[0, 1]),
            taken("[others]", &[0, 1]),
        ]);
        for lock in [
            "state",
            "state+0x28",
            "other+0x28",
            "make (init)",
            "[others]",
        ] {
            assert_eq!(arrays.name_of(lock), lock);
        }
    }
}
