//! How long waits and holds are, by powers of two, with bars.

use std::fmt::Write as _;

use super::printable::printable;
use super::units;
use crate::analyse::buckets::Buckets;
use crate::analyse::totals::millipercent;
use crate::analyse::{Key, Row};

/// The longest bar, and the width of what stands before it.
const BAR: usize = 40;
const BEFORE_BAR: usize = 52;

/// Waits and holds of each row that has any.
pub(super) fn render(rows: &[&Row], width: Option<usize>) -> String {
    let room = width.map_or(BAR, |width| width.saturating_sub(BEFORE_BAR));
    let bar = room.clamp(8, BAR);
    let mut text = String::new();
    for row in rows {
        let name = name(row);
        for (what, buckets) in [
            ("waits", row.totals.waits_by_length()),
            ("holds", row.totals.holds_by_length()),
        ] {
            if buckets.iter().next().is_some() {
                let _ = write!(
                    text,
                    "\n{what} of {}\n{}",
                    printable(&name),
                    one(buckets, bar)
                );
            }
        }
    }
    text
}

/// The first texts of a row.
fn name(row: &Row) -> String {
    match &row.key {
        Key::Lock(lock) => lock.shown(row.is_namesake),
        Key::Name(name) => name.clone(),
        Key::Kind { kind, .. } => kind.clone(),
        Key::Site(site) => site.to_string(),
        Key::Thread { name, native_id } => match native_id {
            Some(id) => format!("{name} {id}"),
            None => name.clone(),
        },
        Key::Edge {
            waiter,
            holder,
            lock,
        } => format!("{} in {waiter} for {holder}", lock.shown(row.is_namesake)),
    }
}

/// One line for each power of two from the shortest to the longest; the bars are of how
/// many, the times beside them say what it comes to.
fn one(buckets: &Buckets, bar: usize) -> String {
    let all_events = sum(buckets, |bucket| bucket.0);
    let all_ns = sum(buckets, |bucket| bucket.1);
    let most = buckets.iter().map(|(_, bucket)| bucket.events).max();
    let mut text = String::new();
    let mut next_ns = None;
    for (floor_ns, bucket) in buckets.iter() {
        // What nothing falls into is a gap, of which one line is enough.
        if next_ns.is_some_and(|next_ns| next_ns < floor_ns) {
            text.push_str("          …\n");
        }
        next_ns = Some(floor_ns.max(1).saturating_mul(2));
        let share = |part, all| millipercent(part, all).map_or_else(String::new, units::share);
        let line = format!(
            "{:>9} {:>11} {:>6} {:>12} {:>6}  {}",
            format!("≥ {}", units::time(floor_ns)),
            units::count(bucket.events),
            share(bucket.events, all_events),
            units::time(bucket.time_ns),
            share(bucket.time_ns, all_ns),
            drawn(bucket.events, most.unwrap_or(0), bar),
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

fn sum(buckets: &Buckets, of: impl Fn((u64, u64)) -> u64) -> u64 {
    let values = buckets
        .iter()
        .map(|(_, bucket)| of((bucket.events, bucket.time_ns)));
    values.fold(0, u64::saturating_add)
}

/// A bar in eighths of a character; what is there at all is seen.
fn drawn(part: u64, most: u64, bar: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let room = u128::try_from(bar).unwrap_or(0) * 8;
    let eighths = (u128::from(part) * room).div_ceil(u128::from(most.max(1)));
    let whole = usize::try_from(eighths / 8).unwrap_or(bar).min(bar);
    let rest = usize::try_from(eighths % 8).unwrap_or(0);
    format!("{}{}", "█".repeat(whole), EIGHTHS.get(rest).unwrap_or(&""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::buckets::Bucket;

    #[test]
    fn bars_are_as_long_as_there_are_events() {
        assert_eq!(drawn(10, 10, 4), "████");
        assert_eq!(drawn(5, 10, 4), "██");
        assert_eq!(drawn(1, 1_000_000, 4), "▏");
        assert_eq!(drawn(0, 10, 4), "");
        assert_eq!(drawn(0, 0, 4), "");
        assert_eq!(drawn(u64::MAX, u64::MAX, 4), "████");
    }

    #[test]
    fn every_power_of_two_has_a_line_and_a_gap_has_one() {
        let mut buckets = Buckets::default();
        for (floor_ns, events) in [(1_024, 4), (2_048, 2), (1_048_576, 1)] {
            let bucket = Bucket {
                events,
                time_ns: events * floor_ns,
                min_ns: floor_ns,
                max_ns: floor_ns,
            };
            buckets.add(floor_ns, bucket);
        }
        let expected = "\
≥ 1.02 µs           4  57.1%      4.10 µs   0.4%  ████████
≥ 2.05 µs           2  28.6%      4.10 µs   0.4%  ████
          …
≥ 1.05 ms           1  14.3%      1.05 ms  99.2%  ██
";
        assert_eq!(one(&buckets, 8), expected);
    }
}
