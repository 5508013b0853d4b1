//! The sums of a row, and what is computed from them.

use std::collections::BTreeMap;

use contract::profile::Sample;
use contract::sample_type::{SampleType, label};

/// A value of a profile; they are never negative.
pub(crate) fn value(raw: i64) -> u64 {
    u64::try_from(raw).unwrap_or(0)
}

/// What happened, summed up.
///
/// A row of a profile is either about acquisitions or about releases. Its label
/// `duration max` is the longest wait or hold of the row; without that label all
/// were equally long, so the longest is the time divided by the count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Successful takings, nested ones of recursive mutexes included.
    pub(crate) acquisitions: u64,
    /// Takings that had to wait.
    pub(crate) waits: u64,
    /// Their waiting time.
    pub(crate) waited_ns: u64,
    /// The longest of them.
    pub(crate) wait_max_ns: u64,
    /// Attempts that did not get the lock.
    pub(crate) failed: u64,
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
    /// Waits by the power of two at or below their length.
    buckets: BTreeMap<u64, Bucket>,
}

/// Waits of about the same length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Bucket {
    waits: u64,
    max_ns: u64,
}

impl Totals {
    /// Adds one row of a profile.
    pub(crate) fn add(&mut self, sample: &Sample) {
        let of = |column: SampleType| sample.values.get(column.index()).map_or(0, |v| value(*v));
        increase(&mut self.blocked_ns, of(SampleType::Blocked));
        let contention = of(SampleType::Contention);
        let wait_ns = of(SampleType::AcquireWait);
        let (releases, hold_ns) = (of(SampleType::Release), of(SampleType::ReleaseHold));
        // A row that other tools merged from both roles has a label of either.
        let is_of_one_role = (contention | wait_ns == 0) || (releases | hold_ns == 0);
        let label_ns = sample
            .number(label::DURATION_MAX)
            .filter(|_| is_of_one_role)
            .map(value);
        if sample.text(label::RESULT).is_some() {
            increase(&mut self.failed, contention);
            increase(&mut self.failed_wait_ns, wait_ns);
            return;
        }
        increase(&mut self.acquisitions, of(SampleType::Acquire));
        self.add_waits(sample, contention, wait_ns, label_ns);
        self.add_holds(sample, releases, hold_ns, label_ns);
    }

    fn add_waits(&mut self, sample: &Sample, waits: u64, wait_ns: u64, label_ns: Option<u64>) {
        increase(&mut self.waits, waits);
        increase(&mut self.waited_ns, wait_ns);
        let Some(mean_ns) = wait_ns.checked_div(waits) else {
            return;
        };
        let max_ns = label_ns.unwrap_or(mean_ns);
        self.wait_max_ns = self.wait_max_ns.max(max_ns);
        let floor_ns = sample
            .number(label::DURATION_BUCKET)
            .map_or_else(|| floor(mean_ns), value);
        let bucket = self.buckets.entry(floor_ns).or_default();
        increase(&mut bucket.waits, waits);
        bucket.max_ns = bucket.max_ns.max(max_ns);
    }

    fn add_holds(&mut self, sample: &Sample, releases: u64, hold_ns: u64, label_ns: Option<u64>) {
        if sample.number(label::DEPTH).is_some_and(|depth| depth > 1) {
            return;
        }
        increase(&mut self.holds, releases);
        increase(&mut self.hold_ns, hold_ns);
        if let Some(mean_ns) = hold_ns.checked_div(releases) {
            self.hold_max_ns = self.hold_max_ns.max(label_ns.unwrap_or(mean_ns));
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

    /// 99 of 100 waits were at most this long: the upper end of the power of two
    /// with the 99th, but no more than the longest wait in there.
    pub(crate) fn wait_p99_ns(&self) -> Option<u64> {
        let all: u128 = self.buckets.values().map(|b| u128::from(b.waits)).sum();
        let rank = (all * 99).div_ceil(100);
        let mut below = 0;
        self.buckets.iter().find_map(|(floor_ns, bucket)| {
            below += u128::from(bucket.waits);
            (below >= rank).then(|| bucket.max_ns.min(floor_ns.saturating_mul(2)))
        })
    }

    /// The longest wait of those that got the lock.
    pub(crate) fn wait_max_ns(&self) -> Option<u64> {
        (self.waits > 0).then_some(self.wait_max_ns)
    }

    /// Mean hold.
    pub(crate) fn hold_mean_ns(&self) -> Option<u64> {
        self.hold_ns.checked_div(self.holds)
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

fn increase(sum: &mut u64, by: u64) {
    *sum = sum.saturating_add(by);
}

/// The power of two at or below a number; 0 for 0.
fn floor(number: u64) -> u64 {
    number.checked_ilog2().map_or(0, |log| 1 << log)
}

fn millipercent(part: u64, whole: u64) -> Option<u64> {
    let share = (u128::from(part) * 100_000).checked_div(u128::from(whole))?;
    Some(u64::try_from(share).unwrap_or(u64::MAX))
}
