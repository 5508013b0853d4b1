//! The sums of a row, and what is computed from them.

use contract::profile::Sample;
use contract::sample_type::{SampleType, label, result};

use super::buckets::{self, Bucket, Buckets};
use super::spread::Spread;
use super::weights::{self, Basis};

/// A value of a profile; they are never negative.
pub(crate) fn value(raw: i64) -> u64 {
    u64::try_from(raw).unwrap_or(0)
}

/// One value of a row of a profile.
pub(crate) fn of(sample: &Sample, column: SampleType) -> u64 {
    sample.values.get(column.index()).map_or(0, |v| value(*v))
}

/// What happened, summed up.
///
/// A row of a profile is either about acquisitions or about releases. Its label
/// `duration max` is the longest wait or hold of the row; without that label all
/// were equally long, so the longest is the time divided by the count.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Totals {
    /// Successful takings, nested ones of recursive mutexes included.
    pub(crate) acquisitions: u64,
    /// Those of them that were nested.
    pub(crate) nested: u64,
    /// Takings that had to wait.
    pub(crate) waits: u64,
    /// Their waiting time.
    pub(crate) waited_ns: u64,
    /// The longest of them.
    pub(crate) wait_max_ns: u64,
    /// Attempts that did not get the lock.
    pub(crate) failed: u64,
    /// Those of them in which a signal handler ran.
    pub(crate) interrupted: u64,
    /// Their waiting time.
    pub(crate) failed_wait_ns: u64,
    /// Holds that ended: releases, nested ones not included.
    pub(crate) holds: u64,
    /// Their length.
    pub(crate) hold_ns: u64,
    /// The longest of them.
    pub(crate) hold_max_ns: u64,
    /// Waiting that these holds caused to others.
    pub(crate) blocked_ns: u64,
    /// The most threads that waited at once; 0 where unknown.
    pub(crate) queue_max: u64,
    /// How sure the sums are.
    pub(crate) errors: Errors,
    wait_buckets: Buckets,
    hold_buckets: Buckets,
}

/// How sure the sums of a row are.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Errors {
    pub(crate) acquisitions: Spread,
    pub(crate) waits: Spread,
    /// Of all waiting, that of failed attempts included.
    pub(crate) wait_ns: Spread,
    pub(crate) failed: Spread,
    pub(crate) holds: Spread,
    pub(crate) hold_ns: Spread,
    pub(crate) blocked_ns: Spread,
}

impl Totals {
    /// Adds one row of a profile.
    pub(crate) fn add(&mut self, sample: &Sample, basis: &Basis) {
        let blocked_ns = of(sample, SampleType::Blocked);
        self.add_blocked(blocked_ns, basis);
        let contention = of(sample, SampleType::Contention);
        let wait_ns = of(sample, SampleType::AcquireWait);
        let releases = of(sample, SampleType::Release);
        let hold_ns = of(sample, SampleType::ReleaseHold);
        let errors = &mut self.errors;
        weights::add_time(&mut errors.wait_ns, contention, wait_ns, basis.kept);
        let queue = sample.number(label::QUEUE_MAX).map_or(0, value);
        self.queue_max = self.queue_max.max(queue);
        if let Some(why) = sample.text(label::RESULT) {
            weights::add(&mut errors.failed, contention, basis.kept, 1.0);
            increase(&mut self.failed, contention);
            increase(&mut self.failed_wait_ns, wait_ns);
            if why == result::INTERRUPTED {
                increase(&mut self.interrupted, contention);
            }
            return;
        }
        let acquisitions = of(sample, SampleType::Acquire);
        let kept = basis.kept_acquisitions(acquisitions, contention);
        weights::add(&mut errors.acquisitions, acquisitions, kept, 1.0);
        weights::add(&mut errors.waits, contention, basis.kept, 1.0);
        increase(&mut self.acquisitions, acquisitions);
        if is_nested(sample) {
            increase(&mut self.nested, acquisitions);
        } else {
            let kept = basis.kept_releases(releases, blocked_ns);
            weights::add(&mut self.errors.holds, releases, kept, 1.0);
            weights::add_time(&mut self.errors.hold_ns, releases, hold_ns, kept);
            self.add_holds(sample, releases, hold_ns);
        }
        self.add_waits(sample, contention, wait_ns);
    }

    /// What a holder caused is a part of the waiting for the lock, and as sure.
    fn add_blocked(&mut self, blocked_ns: u64, basis: &Basis) {
        increase(&mut self.blocked_ns, blocked_ns);
        let (wait_ns, spread) = &basis.waiting;
        let error = &mut self.errors.blocked_ns;
        match weights::float(blocked_ns) / weights::float(*wait_ns) {
            _ if blocked_ns == 0 => {}
            share if share.is_finite() => error.merge_part(spread, share.min(1.0)),
            _ => error.add_unknown(),
        }
    }

    fn add_waits(&mut self, sample: &Sample, waits: u64, wait_ns: u64) {
        increase(&mut self.waits, waits);
        increase(&mut self.waited_ns, wait_ns);
        if let Some((floor_ns, bucket)) = bucket(sample, waits, wait_ns) {
            self.wait_max_ns = self.wait_max_ns.max(bucket.max_ns);
            self.wait_buckets.add(floor_ns, bucket);
        }
    }

    fn add_holds(&mut self, sample: &Sample, releases: u64, hold_ns: u64) {
        increase(&mut self.holds, releases);
        increase(&mut self.hold_ns, hold_ns);
        if let Some((floor_ns, bucket)) = bucket(sample, releases, hold_ns) {
            self.hold_max_ns = self.hold_max_ns.max(bucket.max_ns);
            self.hold_buckets.add(floor_ns, bucket);
        }
    }

    /// All waiting: for the lock, and for nothing.
    pub(crate) fn wait_ns(&self) -> u64 {
        self.waited_ns.saturating_add(self.failed_wait_ns)
    }

    /// Thousandths of a per cent of acquisitions that waited. Both are estimates: where
    /// more waited than were acquired, all did.
    pub(crate) fn contended_millipercent(&self) -> Option<u64> {
        millipercent(self.waits, self.acquisitions.max(self.waits))
    }

    /// Mean wait of those that got the lock.
    pub(crate) fn wait_mean_ns(&self) -> Option<u64> {
        self.waited_ns.checked_div(self.waits)
    }

    /// So many of 100 waits were at most this long.
    pub(crate) fn wait_percentile_ns(&self, percent: u64) -> Option<u64> {
        self.wait_buckets.percentile(percent)
    }

    /// The waits of those that got the lock, by length.
    pub(crate) fn waits_by_length(&self) -> &Buckets {
        &self.wait_buckets
    }

    /// The holds, by length.
    pub(crate) fn holds_by_length(&self) -> &Buckets {
        &self.hold_buckets
    }

    /// The longest wait of those that got the lock.
    pub(crate) fn wait_max_ns(&self) -> Option<u64> {
        (self.waits > 0).then_some(self.wait_max_ns)
    }

    /// Mean hold.
    pub(crate) fn hold_mean_ns(&self) -> Option<u64> {
        self.hold_ns.checked_div(self.holds)
    }

    /// So many of 100 holds were at most this long.
    pub(crate) fn hold_percentile_ns(&self, percent: u64) -> Option<u64> {
        self.hold_buckets.percentile(percent)
    }

    /// What the holds took together that took at least about this long.
    pub(crate) fn time_of_holds_from(&self, length_ns: u64) -> u64 {
        self.hold_buckets.time_of_those_from(length_ns)
    }

    /// The longest hold.
    pub(crate) fn hold_max_ns(&self) -> Option<u64> {
        (self.holds > 0).then_some(self.hold_max_ns)
    }

    /// Thousandths of a per cent of this time that was spent holding.
    pub(crate) fn utilisation_millipercent(&self, wall_ns: u64) -> Option<u64> {
        millipercent(self.hold_ns, wall_ns)
    }
}

/// Whether a row is about nested acquisitions or releases of a recursive mutex.
pub(crate) fn is_nested(sample: &Sample) -> bool {
    sample.number(label::DEPTH).is_some_and(|depth| depth > 1)
}

/// The label of a row that says how long the longest of its waits or holds was.
pub(super) fn longest_ns(sample: &Sample) -> Option<u64> {
    let is_about = |count, time| of(sample, count) | of(sample, time) > 0;
    let is_merged = is_about(SampleType::Contention, SampleType::AcquireWait)
        && is_about(SampleType::Release, SampleType::ReleaseHold);
    // A row that other tools merged from both roles has a label of either.
    let label = sample.number(label::DURATION_MAX).filter(|_| !is_merged);
    label.map(value)
}

/// The power of two at or below each duration of a row, and its events; none where
/// there are none.
fn bucket(sample: &Sample, events: u64, time_ns: u64) -> Option<(u64, Bucket)> {
    let mean_ns = time_ns.checked_div(events)?;
    let floor_ns = labelled_floor_ns(sample).unwrap_or_else(|| buckets::floor(mean_ns));
    let longest_ns = longest_ns(sample);
    let bucket = Bucket {
        events,
        time_ns,
        min_ns: longest_ns.map_or(mean_ns, |_| floor_ns),
        max_ns: longest_ns.unwrap_or(mean_ns),
    };
    Some((floor_ns, bucket))
}

fn labelled_floor_ns(sample: &Sample) -> Option<u64> {
    sample.number(label::DURATION_BUCKET).map(value)
}

/// The power of two at or below each duration of a row, whatever lasted: its waits, or
/// where it has none, its holds.
pub(crate) fn floor_ns(sample: &Sample) -> Option<u64> {
    let pairs = [
        (SampleType::Contention, SampleType::AcquireWait),
        (SampleType::Release, SampleType::ReleaseHold),
    ];
    pairs.into_iter().find_map(|(events, time)| {
        let mean_ns = of(sample, time).checked_div(of(sample, events))?;
        Some(labelled_floor_ns(sample).unwrap_or_else(|| buckets::floor(mean_ns)))
    })
}

/// Adds to a sum that stops at the largest number.
pub(crate) fn increase(sum: &mut u64, by: u64) {
    *sum = sum.saturating_add(by);
}

/// Thousandths of a per cent; none of nothing.
pub(crate) fn millipercent(part: u64, whole: u64) -> Option<u64> {
    let share = (u128::from(part) * 100_000).checked_div(u128::from(whole))?;
    Some(u64::try_from(share).unwrap_or(u64::MAX))
}
