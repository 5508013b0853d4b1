//! Which locks a receiver is told by name: a bounded number, since each is a series of its own there.

use rustc_hash::FxHashSet;

/// What the locks without a place are called together.
pub(super) const OTHERS: &str = "[others]";

/// Names that have got a place; they keep it as long as the process lives, so that
/// no series ends because another lock is waited for more.
pub(super) struct Prominent {
    names: FxHashSet<String>,
    max: usize,
}

impl Prominent {
    /// At most so many places.
    pub(super) fn new(max: usize) -> Self {
        Self {
            names: FxHashSet::default(),
            max,
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Gives new names a place, the longest waited for first, and returns them. Where
    /// there are more of them than places, half of the places stay free: a lock that
    /// is waited for later may be the one that matters.
    pub(super) fn admit<'a>(
        &mut self,
        named: impl Iterator<Item = (&'a str, i64)>,
    ) -> Vec<&'a str> {
        let mut new: Vec<_> = named
            .filter(|(name, _)| *name != OTHERS && !self.has(name))
            .collect();
        let room = self.max.saturating_sub(self.names.len());
        if new.len() > room {
            new.sort_unstable_by_key(|(name, waited)| (std::cmp::Reverse(*waited), *name));
            new.truncate(room.div_ceil(2));
        }
        let admitted: Vec<_> = new.into_iter().map(|(name, _)| name).collect();
        self.names
            .extend(admitted.iter().map(|&name| name.to_owned()));
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_get_a_place_while_there_is_one() {
        let mut prominent = Prominent::new(3);
        assert_eq!(
            prominent.admit([("a", 0), ("b", 5), ("c", 0)].into_iter()),
            ["a", "b", "c"]
        );
        assert!(
            prominent
                .admit([("d", 99), ("a", 7)].into_iter())
                .is_empty()
        );
        assert!(prominent.has("a") && !prominent.has("d"));
    }

    #[test]
    fn the_longest_waited_for_come_first_and_leave_places_for_later_ones() {
        let mut prominent = Prominent::new(4);
        let many = [("a", 1), ("b", 9), ("c", 3), ("d", 5), ("e", 2)];
        assert_eq!(prominent.admit(many.into_iter()), ["b", "d"]);
        assert_eq!(prominent.admit(many.into_iter()), ["c"]);
        assert_eq!(prominent.admit([("late", 1)].into_iter()), ["late"]);
        assert!(prominent.admit(many.into_iter()).is_empty());
    }

    #[test]
    fn the_others_never_take_a_place() {
        let mut prominent = Prominent::new(4);
        assert!(prominent.admit([(OTHERS, 5)].into_iter()).is_empty());
    }
}
