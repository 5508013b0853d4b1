//! What the holders of locks were seen to do while others waited for long, as comments of profiles tell it.

use std::collections::HashMap;

use contract::comment::HOLDER;
use contract::profile::Profile;

use super::key::Lock;
use super::totals::increase;

/// Fewer looks than this say nothing.
const ENOUGH: u64 = 5;

/// What the holders of one lock did, going by so many looks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Meanwhile {
    pub(crate) looks: u64,
    /// In how many of them they slept.
    pub(crate) asleep: u64,
    /// In which call of the system most often, and how often.
    pub(crate) most: Option<(String, u64)>,
}

/// Of one lock while it is added up.
#[derive(Default)]
struct Seen {
    looks: u64,
    running: u64,
    calls: HashMap<String, u64>,
}

/// The same of every lock, by its name and address.
#[derive(Default)]
pub(crate) struct Holders(HashMap<(String, String), Seen>);

impl Holders {
    /// Reads the comments of these profiles.
    pub(crate) fn collect<'a>(profiles: impl IntoIterator<Item = &'a Profile>) -> Self {
        let mut holders = Self::default();
        for profile in profiles {
            let comments = profile.comments.iter();
            for told in comments.filter_map(|comment| comment.strip_prefix(HOLDER)) {
                // What cannot be read is of another version.
                let _ = holders.add(told);
            }
        }
        holders
    }

    fn add(&mut self, told: &str) -> Option<()> {
        let (counts, lock) = told.split_once("; lock ")?;
        let (address, name) = lock.split_once(", ")?;
        let mut counts = counts.split(", ");
        let looks = counts.next()?.strip_suffix(" looks")?.parse().ok()?;
        let running = counts.next()?.strip_suffix(" running")?.parse().ok()?;
        let key = (name.to_owned(), address.to_owned());
        let seen = self.0.entry(key).or_default();
        increase(&mut seen.looks, looks);
        increase(&mut seen.running, running);
        for call in counts {
            let (times, call) = call.split_once(" in ")?;
            let sum = seen.calls.entry(call.to_owned()).or_default();
            increase(sum, times.parse().ok()?);
        }
        Some(())
    }

    /// What is known of a lock, if that is enough to say something.
    pub(crate) fn of(&self, lock: &Lock) -> Option<Meanwhile> {
        let key = (lock.name.clone(), lock.address.clone());
        let seen = self.0.get(&key).filter(|seen| seen.looks >= ENOUGH)?;
        let calls = seen.calls.iter();
        let most = calls.max_by(|(a, of_a), (b, of_b)| of_a.cmp(of_b).then(b.cmp(a)));
        Some(Meanwhile {
            looks: seen.looks,
            asleep: seen.looks.saturating_sub(seen.running),
            most: most.map(|(call, times)| (call.clone(), *times)),
        })
    }
}

impl Meanwhile {
    /// The call of the system they were in for most of the time, if there is one.
    pub(crate) fn main_call(&self) -> Option<&str> {
        let (call, times) = self.most.as_ref()?;
        (times.saturating_mul(2) >= self.looks).then_some(call)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(name: &str) -> Lock {
        Lock {
            name: name.to_owned(),
            kind: "mutex".to_owned(),
            address: "0x10".to_owned(),
        }
    }

    #[test]
    fn looks_of_several_profiles_add_up() {
        let profile = |comments: &[&str]| Profile {
            comments: comments.iter().map(|told| (*told).to_owned()).collect(),
            ..Profile::default()
        };
        let holders = Holders::collect([
            &profile(&["holder: 6 looks, 1 running, 4 in fsync, 1 in futex; lock 0x10, a, b"]),
            &profile(&[
                "holder: 4 looks, 0 running, 4 in fsync; lock 0x10, a, b",
                "holder: 4 looks, 4 running; lock 0x10, other",
                "holder: many looks",
                "holder: 9 looks, none running; lock 0x10, damaged",
            ]),
        ]);
        let known = Meanwhile {
            looks: 10,
            asleep: 9,
            most: Some(("fsync".to_owned(), 8)),
        };
        assert_eq!(known.main_call(), Some("fsync"));
        assert_eq!(holders.of(&lock("a, b")), Some(known));
        // Too few, and nothing.
        assert_eq!(holders.of(&lock("other")), None);
        assert_eq!(holders.of(&lock("damaged")), None);
    }
}
