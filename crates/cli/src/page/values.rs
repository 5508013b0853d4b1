//! The values of a row: what adds up, what the largest of counts, and of what the page
//! computes how sure the sums are.

use super::document::Json;
use crate::analyse::buckets::Buckets;
use crate::analyse::spread::Spread;
use crate::analyse::totals::{Errors, Totals};

/// What stands for the squares of a sum of which nobody knows on what it rests.
const UNKNOWN: &str = "-1";

/// Name and value.
type Value = (&'static str, fn(&Totals) -> u64);

const VALUES: &[Value] = &[
    ("acquisitions", |totals| totals.acquisitions),
    ("waits", |totals| totals.waits),
    ("wait", Totals::wait_ns),
    ("waited", |totals| totals.waited_ns),
    ("wait-min", |totals| shortest(totals.waits_by_length())),
    ("wait-max", |totals| totals.wait_max_ns),
    ("failed", |totals| totals.failed),
    ("holds", |totals| totals.holds),
    ("hold", |totals| totals.hold_ns),
    ("hold-min", |totals| shortest(totals.holds_by_length())),
    ("hold-max", |totals| totals.hold_max_ns),
    ("blocked", |totals| totals.blocked_ns),
    ("queue-max", |totals| totals.queue_max),
];

/// Of what it is known how sure it is: the names of its squares and of its cubes.
type Power = ([&'static str; 2], fn(&Errors) -> &Spread);

const POWERS: &[Power] = &[
    (["acquisitions-2", "acquisitions-3"], |errors| {
        &errors.acquisitions
    }),
    (["waits-2", "waits-3"], |errors| &errors.waits),
    (["wait-2", "wait-3"], |errors| &errors.wait_ns),
    (["failed-2", "failed-3"], |errors| &errors.failed),
    (["holds-2", "holds-3"], |errors| &errors.holds),
    (["hold-2", "hold-3"], |errors| &errors.hold_ns),
    (["blocked-2", "blocked-3"], |errors| &errors.blocked_ns),
];

/// All of them as columns, one value for each row.
pub(super) fn columns(rows: &[Totals]) -> Vec<(&'static str, Json)> {
    let mut columns = Vec::new();
    for (name, value) in VALUES {
        columns.push((*name, Json::numbers(rows.iter().map(value))));
    }
    for ([squares, cubes], spread) in POWERS {
        let powers = rows.iter().map(|row| spread(&row.errors).powers());
        let squared = powers.clone().map(|powers| match powers {
            Some((squares, _)) => short(squares),
            None => UNKNOWN.to_owned(),
        });
        let cubed = powers.map(|powers| short(powers.map_or(0.0, |(_, cubes)| cubes)));
        columns.push((*squares, Json::numbers(squared)));
        columns.push((*cubes, Json::numbers(cubed)));
    }
    columns
}

/// The shortest of these durations; all are of one power of two.
fn shortest(durations: &Buckets) -> u64 {
    let shortest = durations.iter().map(|(_, bucket)| bucket.min_ns).min();
    shortest.unwrap_or(0)
}

/// Six digits: an interval is shown with two.
fn short(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    format!("{number:.5e}")
}
