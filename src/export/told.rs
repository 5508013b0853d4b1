//! What uploads were told of each row, so that the next one tells the rest.

use contract::sample_type;
use rustc_hash::FxHashMap;

use super::aggregate::Key;

type Values = [i64; sample_type::COUNT];

/// Of every row, the sum of all that was told.
#[derive(Default)]
pub(super) struct Told(FxHashMap<Key, Values>);

impl Told {
    /// What came since it was asked before, of a row that is so much now. What is
    /// told adds up to what the row is, once it has stopped shrinking: records that
    /// are taken back may make it smaller for a while, and then nothing is told.
    pub(super) fn rest(&mut self, key: &Key, now: &Values) -> Values {
        let told = self.0.entry(*key).or_default();
        let mut rest = *now;
        for (rest, told) in rest.iter_mut().zip(told) {
            *rest = (*rest - *told).max(0);
            *told += *rest;
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::aggregate::tests::any_key;

    #[test]
    fn what_is_told_adds_up_to_the_row() {
        let (mut told, key) = (Told::default(), any_key());
        let mut sum = [0; sample_type::COUNT];
        for acquired in [5, 5, 12, 9, 10, 14] {
            let mut now = Values::default();
            now[0] = acquired;
            now[1] = acquired * 1000;
            for (sum, rest) in sum.iter_mut().zip(told.rest(&key, &now)) {
                assert!(rest >= 0);
                *sum += rest;
            }
        }
        assert_eq!(sum[..3], [14, 14_000, 0]);
    }
}
