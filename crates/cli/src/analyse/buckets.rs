//! Durations by the power of two at or below them, and percentiles out of that.

use std::collections::BTreeMap;

/// Events of about the same length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    pub(crate) events: u64,
    /// What they took together.
    pub(crate) time_ns: u64,
    /// None took less; and none more, which one did.
    pub(crate) min_ns: u64,
    pub(crate) max_ns: u64,
}

/// Durations by the power of two at or below them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Buckets(BTreeMap<u64, Bucket>);

impl Buckets {
    /// Adds events from this power of two on.
    pub(crate) fn add(&mut self, floor_ns: u64, added: Bucket) {
        let empty = Bucket {
            events: 0,
            time_ns: 0,
            ..added
        };
        let bucket = self.0.entry(floor_ns).or_insert(empty);
        bucket.events = bucket.events.saturating_add(added.events);
        bucket.time_ns = bucket.time_ns.saturating_add(added.time_ns);
        bucket.min_ns = bucket.min_ns.min(added.min_ns);
        bucket.max_ns = bucket.max_ns.max(added.max_ns);
    }

    /// So many of 100 events took at most this long: where the event of that rank
    /// would be if those of its power of two were spread evenly over it, up to the
    /// longest of them. So it is within a factor of two of the truth, and where
    /// the rank is the last, exact.
    pub(crate) fn percentile(&self, percent: u64) -> Option<u64> {
        let all: u128 = self.0.values().map(|b| u128::from(b.events)).sum();
        let rank = (all * u128::from(percent)).div_ceil(100);
        let mut below = 0;
        self.0.iter().find_map(|(floor_ns, bucket)| {
            let events = u128::from(bucket.events);
            below += events;
            if below < rank {
                return None;
            }
            let end_ns = bucket.max_ns.min(floor_ns.saturating_mul(2));
            let span_ns = u128::from(end_ns.saturating_sub(bucket.min_ns));
            let back_ns = (span_ns * (below - rank)).checked_div(events)?;
            Some(end_ns.saturating_sub(u64::try_from(back_ns).unwrap_or(0)))
        })
    }

    /// From the shortest: the power of two that each bucket begins with, and what is in it.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &Bucket)> {
        self.0.iter().map(|(floor_ns, bucket)| (*floor_ns, bucket))
    }

    /// What the events took together that took at least about this long: from the
    /// power of two below it on.
    pub(crate) fn time_of_those_from(&self, length_ns: u64) -> u64 {
        let from = self.0.range(floor(length_ns)..);
        from.fold(0, |sum, (_, bucket)| sum.saturating_add(bucket.time_ns))
    }
}

/// The power of two at or below a number; 0 for 0.
pub(crate) fn floor(number: u64) -> u64 {
    number.checked_ilog2().map_or(0, |log| 1 << log)
}
