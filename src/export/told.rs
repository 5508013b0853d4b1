//! What uploads were told of each row, so that the next one tells the rest.

use contract::sample_type;

use super::aggregate::Row;
use super::build;

type Values = [i64; sample_type::COUNT];

/// Of every row by its number, the sum of all that was told: of the columns that rows
/// of its role use.
#[derive(Default)]
pub(super) struct Told(Vec<[i64; build::USED]>);

impl Told {
    /// What came since it was asked before, of a row that is so much now. What is
    /// told adds up to what the row is, once it has stopped shrinking: records that
    /// are taken back may make it smaller for a while, and then nothing is told.
    pub(super) fn rest(&mut self, row: Row<'_>, now: &Values) -> Values {
        if self.0.len() <= row.number {
            self.0.resize(row.number + 1, [0; build::USED]);
        }
        let mut rest = *now;
        let Some(told) = self.0.get_mut(row.number) else {
            return rest;
        };
        for (column, told) in build::columns(row.key.role).into_iter().zip(told) {
            if let Some(rest) = rest.get_mut(column.index()) {
                *rest = (*rest - *told).max(0);
                *told += *rest;
            }
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::aggregate::Aggregate;
    use crate::record::{Kind, Record, Role};

    #[test]
    fn what_is_told_adds_up_to_the_row() {
        let (mut told, mut aggregate) = (Told::default(), Aggregate::default());
        for role in [Role::Acquire, Role::Release] {
            let mut record = Record::new(role, Kind::Mutex, 0x10);
            record.frames = [1].into_iter().collect();
            aggregate.add(&record, 0x10);
        }
        let rows = aggregate.rows();
        for (row, column) in rows.into_iter().zip([0, 2]) {
            let mut sum = 0;
            for so_far in [5, 5, 12, 9, 10, 14] {
                let mut now = Values::default();
                now[column] = so_far;
                let rest = told.rest(row, &now);
                assert!(rest[column] >= 0);
                sum += rest[column];
            }
            assert_eq!(sum, 14);
        }
    }
}
