//! Which release a wait is put down to: joins the two by the number of the charge.

use rustc_hash::FxHashMap;

/// Charges that are remembered in each of two generations.
const CHARGES_MAX: usize = 4096;
/// Longest chain that is followed: A waits for B, who waited for C, …
const CHAIN_MAX: usize = 8;

/// A release that others waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Charge {
    /// Index of its stack.
    pub(crate) stack: u32,
    /// The kernel's id of its thread, and its index.
    pub(crate) thread: u32,
    pub(crate) thread_index: u32,
    /// Whether its place is left out, and is only told of to who waited for it.
    pub(crate) is_left_out: bool,
    /// The number of the charge for which its holder waited meanwhile; 0 none.
    pub(crate) cause: u64,
}

/// The charges of late, by number.
#[derive(Default)]
pub(crate) struct Charges {
    new: FxHashMap<u64, Charge>,
    old: FxHashMap<u64, Charge>,
}

impl Charges {
    pub(crate) fn learn(&mut self, number: u64, charge: Charge) {
        if self.new.len() >= CHARGES_MAX {
            self.old = std::mem::take(&mut self.new);
        }
        self.new.insert(number, charge);
    }

    pub(crate) fn get(&self, number: u64) -> Option<Charge> {
        let charge = self.new.get(&number).or_else(|| self.old.get(&number));
        charge.copied()
    }

    /// A charge of which all is known: that it was made, and by what it was caused.
    pub(crate) fn get_whole(&self, number: u64) -> Option<Charge> {
        let charge = self.get(number)?;
        let mut cause = charge.cause;
        for _ in 0..CHAIN_MAX {
            if cause == 0 {
                break;
            }
            cause = self.get(cause)?.cause;
        }
        Some(charge)
    }

    /// The stack at the end of the chain; none when it has only one link.
    pub(crate) fn root(&self, charge: Charge) -> Option<u32> {
        let next = |charge: &Charge| self.get(charge.cause);
        let chain = std::iter::successors(next(&charge), next);
        chain.take(CHAIN_MAX).last().map(|charge| charge.stack)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charge(stack: u32, cause: u64) -> Charge {
        Charge {
            stack,
            thread: 1,
            thread_index: 0,
            is_left_out: false,
            cause,
        }
    }

    #[test]
    fn a_chain_is_followed_to_its_end_and_not_round_in_circles() {
        let mut charges = Charges::default();
        charges.learn(1, charge(10, 0));
        charges.learn(2, charge(20, 1));
        charges.learn(3, charge(30, 2));
        assert_eq!(charges.root(charge(30, 2)), Some(10));
        assert_eq!(charges.root(charge(10, 0)), None);
        assert_eq!(charges.root(charge(40, 99)), None);
        charges.learn(4, charge(40, 99));
        assert_eq!(charges.get_whole(4), None);
        assert_eq!(charges.get_whole(3), Some(charge(30, 2)));
        charges.learn(1, charge(10, 3));
        assert!(charges.root(charge(30, 2)).is_some());
    }

    #[test]
    fn the_newest_charges_are_remembered() {
        let mut charges = Charges::default();
        for number in 1..=3 * CHARGES_MAX as u64 {
            charges.learn(number, charge(1, 0));
        }
        assert_eq!(charges.get(1), None);
        assert!(charges.get(2 * CHARGES_MAX as u64).is_some());
        assert!(charges.new.len() + charges.old.len() <= 2 * CHARGES_MAX);
    }
}
