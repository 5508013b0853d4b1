//! What the holders of locks were seen to do while others waited for long, as comments of profiles tell it.

use std::collections::HashMap;

use contract::comment::HOLDER;
use contract::profile::Profile;

use super::key::Lock;
use super::totals::increase;
use super::weights::float;

/// Fewer looks than this say nothing.
const ENOUGH: u64 = 5;
/// Time between two looks.
const EVERY_NS: u64 = 100_000_000;
/// Half a 95 % interval, in standard deviations.
const SIGMAS: f64 = 1.96;

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

    /// What is known of a lock.
    pub(crate) fn of(&self, lock: &Lock) -> Option<Meanwhile> {
        let key = (lock.name.clone(), lock.address.clone());
        let seen = self.0.get(&key).filter(|seen| seen.looks > 0)?;
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
        (self.is_enough() && times.saturating_mul(2) >= self.looks).then_some(call)
    }

    /// Whether there were looks enough to go by.
    pub(crate) fn is_enough(&self) -> bool {
        self.looks >= ENOUGH
    }

    /// The 95 % interval (Wilson's) of the share of time in which they sleep, in thousandths of a
    /// per cent. Looks at the same hold are not independent: several count as one.
    pub(crate) fn asleep_range(&self, mean_hold_ns: u64) -> (u64, u64) {
        let looks_per_hold = (float(mean_hold_ns) / float(EVERY_NS)).max(1.0);
        let looks = (float(self.looks) / looks_per_hold).max(1.0);
        let share = float(self.asleep) / float(self.looks.max(1));
        let square = SIGMAS * SIGMAS;
        let middle = share + square / (2.0 * looks);
        let spread = share * (1.0 - share) / looks + square / (4.0 * looks * looks);
        let half = SIGMAS * spread.sqrt();
        let whole = 1.0 + square / looks;
        (
            share_of((middle - half) / whole),
            share_of((middle + half) / whole),
        )
    }
}

/// Thousandths of a per cent.
fn share_of(share: f64) -> u64 {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 100,000, and a float cast saturates"
    )]
    let millipercent = (share.clamp(0.0, 1.0) * 100_000.0).round() as u64;
    millipercent
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
        // Too few to go by, and nothing.
        let other = holders.of(&lock("other"));
        assert!(other.is_some_and(|other| !other.is_enough()));
        assert_eq!(holders.of(&lock("damaged")), None);
    }
    #[test]
    fn how_often_holders_sleep_is_known_the_better_the_more_holds_were_looked_at() {
        let range = |asleep, looks, mean_hold_ns| {
            let seen = Meanwhile {
                looks,
                asleep,
                most: None,
            };
            seen.asleep_range(mean_hold_ns)
        };
        // As in tables of Wilson's interval.
        assert_eq!(range(23, 24, 1_000_000), (79_758, 99_261));
        assert_eq!(range(5, 10, 1_000_000), (23_659, 76_341));
        assert_eq!(range(10, 10, 1_000_000).1, 100_000);
        assert_eq!(range(0, 10, 1_000_000).0, 0);
        // Forty looks at ten holds of 400 ms.
        assert_eq!(range(20, 40, 400_000_000), range(5, 10, 1_000_000));
    }
}
