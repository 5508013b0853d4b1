//! On how many sampled events the rows of one profile rest: what has to be known
//! before they are added up.

use std::collections::HashMap;

use contract::comment;
use contract::profile::{Profile, Sample};
use contract::sample_type::{SampleType, label};

use super::spread::Spread;
use super::totals::of;

/// What a row stands on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Basis {
    /// Sampled events; none where unknown.
    pub(crate) kept: Option<f64>,
    /// How many acquisitions a sampled one of its lock stands for; none where unknown.
    pub(crate) acquisition_weight: Option<f64>,
    /// All waiting for its lock, and how sure that is.
    pub(crate) waiting: (u64, Spread),
}

/// What the rows of one profile stand on, lock by lock.
pub(crate) struct Weights<'a> {
    is_exact: bool,
    all: Acquisitions,
    locks: HashMap<[&'a str; 3], OfLock>,
}

#[derive(Default)]
struct OfLock {
    acquisitions: Acquisitions,
    wait_ns: u64,
    spread: Spread,
}

/// Acquisitions of rows without waits, where every record is a sampled acquisition.
#[derive(Clone, Copy, Default)]
struct Acquisitions {
    events: f64,
    kept: f64,
}

impl Acquisitions {
    fn add(&mut self, events: f64, kept: f64) {
        self.events += events;
        self.kept += kept;
    }

    fn weight(&self) -> Option<f64> {
        (self.kept > 0.0).then(|| self.events / self.kept)
    }
}

impl<'a> Weights<'a> {
    /// Looks at every row once.
    pub(crate) fn new(profile: &'a Profile) -> Self {
        let mut weights = Self {
            is_exact: is_exact(profile),
            all: Acquisitions::default(),
            locks: HashMap::new(),
        };
        for sample in &profile.samples {
            weights.add(sample);
        }
        weights
    }

    fn add(&mut self, sample: &'a Sample) {
        let kept = self.kept(sample);
        let acquisitions = of(sample, SampleType::Acquire);
        let contentions = of(sample, SampleType::Contention);
        let wait_ns = of(sample, SampleType::AcquireWait);
        let lock = self.locks.entry(lock_of(sample)).or_default();
        if let Some(kept) = kept.filter(|_| acquisitions > 0 && contentions == 0) {
            lock.acquisitions.add(float(acquisitions), kept);
            self.all.add(float(acquisitions), kept);
        }
        lock.wait_ns = lock.wait_ns.saturating_add(wait_ns);
        add_time(&mut lock.spread, contentions, wait_ns, kept);
    }

    /// Sampled events behind a row; where everything was sampled, every event.
    fn kept(&self, sample: &Sample) -> Option<f64> {
        if self.is_exact {
            let largest = [
                SampleType::Acquire,
                SampleType::Contention,
                SampleType::Release,
            ];
            return largest
                .map(|column| of(sample, column))
                .into_iter()
                .max()
                .map(float);
        }
        Some(of(sample, SampleType::Samples))
            .filter(|kept| *kept > 0)
            .map(float)
    }

    /// What a row of this profile stands on.
    pub(crate) fn basis(&self, sample: &Sample) -> Basis {
        let lock = self.locks.get(&lock_of(sample));
        Basis {
            kept: self.kept(sample),
            acquisition_weight: lock
                .and_then(|lock| lock.acquisitions.weight())
                .or_else(|| self.all.weight()),
            waiting: lock.map_or_else(Default::default, |lock| (lock.wait_ns, lock.spread)),
        }
    }
}

/// Whether every acquisition of a profile was sampled.
pub(crate) fn is_exact(profile: &Profile) -> bool {
    comment::find(&profile.comments, comment::SAMPLE) == Some("1")
}

/// Adds the time of some events of about the same length.
pub(crate) fn add_time(spread: &mut Spread, events: u64, time_ns: u64, kept: Option<f64>) {
    add(spread, events, kept, float(time_ns) / float(events.max(1)));
}

/// Adds events of this size, if there are any.
pub(crate) fn add(spread: &mut Spread, events: u64, kept: Option<f64>, size: f64) {
    match kept.filter(|kept| *kept > 0.0) {
        _ if events == 0 => {}
        Some(kept) => spread.add(kept, float(events) / kept, size),
        None => spread.add_unknown(),
    }
}

/// Adds acquisitions. Where some of them waited, waits that were kept by themselves
/// are among the records of the row, which makes it look surer than it is; what an
/// acquisition of this lock stands for elsewhere puts that right.
pub(crate) fn add_acquisitions(spread: &mut Spread, events: u64, waits: u64, basis: &Basis) {
    let own = basis.kept.map(|kept| float(events) / kept.max(1.0));
    let weight = match basis.acquisition_weight {
        Some(weight) if waits > 0 => own.map(|own| own.max(weight)),
        _ => own,
    };
    add(
        spread,
        events,
        weight.map(|weight| float(events) / weight.max(1.0)),
        1.0,
    );
}

fn lock_of(sample: &Sample) -> [&str; 3] {
    [label::LOCK_NAME, label::LOCK_KIND, label::LOCK].map(|key| sample.text(key).unwrap_or(""))
}

/// A number for computing with.
pub(crate) fn float(number: u64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "an interval needs no 53 bits")]
    let float = number as f64;
    float
}
