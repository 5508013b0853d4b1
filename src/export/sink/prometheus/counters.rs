//! The numbers of one lock, as Prometheus counts them.

use contract::profile::Sample;
use contract::sample_type::{SampleType, label};

/// Upper bounds of the buckets of waits, as exponents of two of nanoseconds: from
/// 1 µs to 17 s by factors of four. One more bucket has no bound.
pub(super) const BOUNDS: [u32; 13] = [10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34];

/// The places of the totals.
#[derive(Clone, Copy)]
pub(super) enum Total {
    Contentions,
    WaitNs,
    Acquisitions,
    HoldNs,
    BlockedNs,
}

const TOTALS: [(Total, SampleType); 5] = [
    (Total::Contentions, SampleType::Contention),
    (Total::WaitNs, SampleType::AcquireWait),
    (Total::Acquisitions, SampleType::Acquire),
    (Total::HoldNs, SampleType::ReleaseHold),
    (Total::BlockedNs, SampleType::Blocked),
];

/// All numbers of a lock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counters {
    totals: [i64; TOTALS.len()],
    /// Waits by length; each in one bucket only.
    pub(super) waits: [i64; BOUNDS.len() + 1],
    /// Most threads that waited at once.
    pub(super) queue_max: i64,
}

impl Counters {
    pub(super) fn total(&self, of: Total) -> i64 {
        self.totals.get(of as usize).copied().unwrap_or(0)
    }

    pub(super) fn wait_ns(&self) -> i64 {
        self.total(Total::WaitNs)
    }

    pub(super) fn add_row(&mut self, sample: &Sample) {
        let column = |of: SampleType| sample.values.get(of.index()).copied().unwrap_or(0).max(0);
        for (total, (_, of)) in self.totals.iter_mut().zip(TOTALS) {
            *total = total.saturating_add(column(of));
        }
        let queue = sample.number(label::QUEUE_MAX).unwrap_or(0);
        self.queue_max = self.queue_max.max(queue);
        // Rows of releases have durations too, but no contentions.
        let waits = column(SampleType::Contention);
        let bucket_ns = sample.number(label::DURATION_BUCKET);
        if let Some(bucket_ns) = bucket_ns.filter(|_| waits != 0) {
            let bucket = self.waits.get_mut(bucket_of(bucket_ns));
            if let Some(bucket) = bucket {
                *bucket = bucket.saturating_add(waits);
            }
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.each(other, i64::saturating_add);
        self.queue_max = self.queue_max.max(other.queue_max);
    }

    /// Takes away what has been counted elsewhere.
    pub(super) fn subtract(&mut self, other: &Self) {
        self.each(other, |own, other| own.saturating_sub(other).max(0));
    }

    /// Goes up to what is larger in `now`.
    pub(super) fn raise(&mut self, now: &Self) {
        self.each(now, i64::max);
        self.queue_max = self.queue_max.max(now.queue_max);
    }

    fn each(&mut self, other: &Self, change: impl Fn(i64, i64) -> i64) {
        let others = other.totals.iter().chain(&other.waits);
        for (own, other) in self.totals.iter_mut().chain(&mut self.waits).zip(others) {
            *own = change(*own, *other);
        }
    }
}

/// The first bucket whose bound is above all of a row's durations: they are less than
/// twice the power of two that the row tells.
fn bucket_of(bucket_ns: i64) -> usize {
    let above = bucket_ns.max(1).ilog2() + 1;
    BOUNDS
        .iter()
        .position(|bound| above <= *bound)
        .unwrap_or(BOUNDS.len())
}
