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
    /// How many acquisitions, and releases, a sampled one of its lock stands for; none
    /// where unknown.
    acquisition_weight: Option<f64>,
    release_weight: Option<f64>,
    /// All waiting for its lock, and how sure that is.
    pub(crate) waiting: (u64, Spread),
}

/// What the rows of one profile stand on, lock by lock.
pub(crate) struct Weights<'a> {
    is_exact: bool,
    all: OfSampled,
    locks: HashMap<[&'a str; 3], OfLock>,
}

#[derive(Default)]
struct OfLock {
    sampled: OfSampled,
    wait_ns: u64,
    spread: Spread,
}

/// Of the rows where every record is a sampled acquisition or release: those without
/// waits, and without blame.
#[derive(Clone, Copy, Default)]
struct OfSampled {
    acquisitions: Events,
    releases: Events,
}

impl OfSampled {
    fn add(&mut self, sample: &Sample, kept: f64) {
        let acquisitions = of(sample, SampleType::Acquire);
        let releases = of(sample, SampleType::Release);
        if acquisitions > 0 && of(sample, SampleType::Contention) == 0 {
            self.acquisitions.add(float(acquisitions), kept);
        }
        if releases > 0 && of(sample, SampleType::Blocked) == 0 {
            self.releases.add(float(releases), kept);
        }
    }
}

/// How many events, and how many kept ones they are estimated from.
#[derive(Clone, Copy, Default)]
struct Events {
    events: f64,
    kept: f64,
}

impl Events {
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
            all: OfSampled::default(),
            locks: HashMap::new(),
        };
        for sample in &profile.samples {
            weights.add(sample);
        }
        weights
    }

    fn add(&mut self, sample: &'a Sample) {
        let kept = self.kept(sample);
        let contentions = of(sample, SampleType::Contention);
        let wait_ns = of(sample, SampleType::AcquireWait);
        let lock = self.locks.entry(lock_of(sample)).or_default();
        if let Some(kept) = kept {
            lock.sampled.add(sample, kept);
            self.all.add(sample, kept);
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
        let weight = |of: fn(&OfSampled) -> Events| {
            let own = lock.and_then(|lock| of(&lock.sampled).weight());
            own.or_else(|| of(&self.all).weight())
        };
        Basis {
            kept: self.kept(sample),
            acquisition_weight: weight(|sampled| sampled.acquisitions),
            release_weight: weight(|sampled| sampled.releases),
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

impl Basis {
    /// How many of the records of a row are sampled acquisitions. Where some waited,
    /// waits that were kept for themselves are among them.
    pub(crate) fn kept_acquisitions(&self, acquisitions: u64, waits: u64) -> Option<f64> {
        let weight = self.acquisition_weight.filter(|_| waits > 0);
        self.kept_of(acquisitions, weight)
    }

    /// How many of the records of a row are sampled releases. Where some caused waiting,
    /// what told of that may be among them.
    pub(crate) fn kept_releases(&self, releases: u64, blocked_ns: u64) -> Option<f64> {
        let weight = self.release_weight.filter(|_| blocked_ns > 0);
        self.kept_of(releases, weight)
    }

    /// More records than there would be if each stood for as many events as elsewhere
    /// are records of something else: they make nothing surer.
    fn kept_of(&self, events: u64, weight_elsewhere: Option<f64>) -> Option<f64> {
        let kept = self.kept?;
        let expected = weight_elsewhere.map(|weight| float(events) / weight.max(1.0));
        Some(expected.map_or(kept, |expected| kept.min(expected)))
    }
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
