//! How often may be sampled, so that it takes no more than its share of each thread's
//! time. Pure, like all of the sampler.

use std::cell::Cell;

/// Keeps the share of time that sampling takes in bounds, thread by thread.
/// What it decides depends on the past only, so the estimates stay unbiased.
///
/// Two parts. The *pace* is the period for which the share would be right if every
/// sample cost what those do that are not the first through some code; it is set
/// anew every few samples. The *debt* is what was spent faster than the limit
/// allows, whatever the reason; while it is more than a few samples' worth, the
/// next sample waits until it is paid. A sample that is the first through some code
/// takes many times as long as others, but every piece of code is new only once in
/// a process: it is booked in part, or short programs would have no samples at all.
pub(crate) struct Throttle {
    /// When the last sample was booked; 0 before the first.
    last_ns: Cell<u64>,
    /// Of the samples since the pace was set: how many, in which time, what they
    /// took, what the cheapest of them took that was not the first through some
    /// code, the sum of the periods in force, and how many acquisitions they stand for.
    samples: Cell<u32>,
    elapsed_ns: Cell<u32>,
    spent_ns: Cell<u32>,
    least_ns: Cell<u32>,
    periods: Cell<u32>,
    acquisitions: Cell<u32>,
    /// Time that was spent and is not paid off.
    debt_ns: Cell<u32>,
    /// The period that the pace asks for.
    pace: Cell<u32>,
    /// The period to draw with next: the pace, or longer while there is a debt.
    period: Cell<u32>,
    /// Whether the sample under way leads through code for the first time.
    is_first: Cell<bool>,
}

/// Largest period the throttle goes to.
const PERIOD_MAX: u32 = 10_000_000;
/// Samples after which the pace is set anew.
const PACE_SAMPLES: u32 = 16;
/// Time after which it is.
const PACE_NS: u32 = 50_000_000;
/// Part of the limit that the pace aims at: how many samples fall into a tenth of
/// a second is chance, a little of each is not booked, and none is to hold more than
/// the limit.
const PACE_AIM: f64 = 0.7;
/// A sample is taken to cost at most so many times the cheapest.
const DEAR: f64 = 3.0;
/// What a sample is taken to cost while all were first through some code.
const UNKNOWN_NS: f64 = 700.0;
/// What is booked at most. What takes longer was interrupted, or is the first
/// through some code.
const SPENT_MAX_NS: u64 = 3_000;
/// Part of the limit at which a debt is paid off.
const PAID: f64 = 0.8;
/// What may be owed, as a part of what the limit allows in a tenth of a second.
const OWED: f64 = 0.1;
const WINDOW_NS: f64 = 100e6;

#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "times of less than 2⁵³ ns; casts of positive numbers that saturate"
)]
impl Throttle {
    /// Opens the account.
    pub(crate) fn begin(&self, period: u32) {
        self.last_ns.set(0);
        self.debt_ns.set(0);
        self.pace.set(period);
        self.period.set(period);
        self.clear();
    }

    fn clear(&self) {
        self.samples.set(0);
        self.elapsed_ns.set(0);
        self.spent_ns.set(0);
        self.least_ns.set(u32::MAX);
        self.periods.set(0);
        self.acquisitions.set(0);
    }

    /// The period to draw the next skip with.
    pub(crate) fn period(&self) -> u32 {
        self.period.get()
    }

    /// `full_ns` of waiting, stretched as the pace is. Not by what is owed: waits
    /// that long are few, and each is worth knowing.
    pub(crate) fn stretch(&self, full_ns: u64, base_period: u32) -> u64 {
        let factor = u64::from(self.pace.get() / base_period.max(1)).max(1);
        full_ns.saturating_mul(factor)
    }

    /// Notes that the sample under way leads through code for the first time,
    /// which is dear.
    pub(crate) fn note_first(&self) {
        self.is_first.set(true);
    }

    /// Books the time that the sample of one acquisition took, which stands for
    /// `weight`, or of a wait, which stands for none. It ended at `now_ns`. A `limit`
    /// of 0 is none.
    pub(crate) fn book(
        &self,
        spent_ns: u64,
        weight: u32,
        now_ns: u64,
        limit: f64,
        base_period: u32,
    ) {
        let is_first = self.is_first.take();
        if limit <= 0.0 {
            return;
        }
        let paid = self.pay(now_ns, limit);
        let spent_ns = spent_ns.min(SPENT_MAX_NS);
        add(&self.samples, 1);
        add(&self.spent_ns, spent_ns);
        add(&self.periods, self.period.get().into());
        add(&self.acquisitions, weight.into());
        if !is_first {
            let least = u64::from(self.least_ns.get()).min(spent_ns);
            self.least_ns.set(least as u32);
        }
        let debt = paid + spent_ns as f64;
        self.debt_ns.set(debt as u32);
        let each_ns = f64::from(self.elapsed_ns.get()) / f64::from(self.acquisitions.get().max(1));
        if self.elapsed_ns.get() >= PACE_NS || self.samples.get() >= PACE_SAMPLES {
            self.set_pace(limit, base_period);
        }
        self.set_period(debt, each_ns, limit, base_period);
    }

    /// Takes note that so many acquisitions have passed by until `now_ns` and none of
    /// them was sampled: if they took long, more may be from now on.
    pub(crate) fn pass_by(&self, passed: u32, now_ns: u64, limit: f64, base_period: u32) {
        if limit <= 0.0 {
            return;
        }
        let since_ns = now_ns.saturating_sub(self.last_ns.get());
        let debt = self.pay(now_ns, limit);
        if self.elapsed_ns.get() >= PACE_NS {
            self.set_pace(limit, base_period);
        }
        let each_ns = since_ns as f64 / f64::from(passed);
        self.set_period(debt, each_ns, limit, base_period);
    }

    /// Sets the period: the pace, or until the debt is paid off, when an acquisition
    /// is made every `each_ns`.
    fn set_period(&self, debt: f64, each_ns: f64, limit: f64, base_period: u32) {
        let overdue = (debt - may_be_owed(limit)).max(0.0);
        let waiting = (overdue / (PAID * limit) / each_ns) as u32;
        let period = self.pace.get().max(waiting);
        self.period.set(period.min(PERIOD_MAX.max(base_period)));
    }

    /// Books a remark that can be done without and takes about `cost_ns`. Declined
    /// when too much is owed.
    pub(crate) fn try_book_remark(&self, cost_ns: u64, now_ns: u64, limit: f64) -> bool {
        let debt = self.pay(now_ns, limit) + cost_ns as f64;
        let is_allowed = limit <= 0.0 || debt <= may_be_owed(limit);
        if is_allowed {
            self.debt_ns.set(debt as u32);
        }
        is_allowed
    }

    /// Pays off what the time since the last payment allows; says what is still owed.
    fn pay(&self, now_ns: u64, limit: f64) -> f64 {
        let since_ns = match self.last_ns.replace(now_ns) {
            0 => 1,
            last_ns => now_ns.saturating_sub(last_ns).max(1),
        };
        add(&self.elapsed_ns, since_ns);
        let owed = (f64::from(self.debt_ns.get()) - since_ns as f64 * limit * PAID).max(0.0);
        self.debt_ns.set(owed as u32);
        owed
    }

    /// Sets the pace by what the last samples took.
    fn set_pace(&self, limit: f64, base_period: u32) {
        // Without any sample it sinks as far as it may.
        let samples = f64::from(self.samples.get().max(1));
        let most = match self.least_ns.get() {
            u32::MAX => UNKNOWN_NS,
            least => DEAR * f64::from(least),
        };
        let spent = f64::from(self.spent_ns.get()).min(samples * most);
        let share = spent / f64::from(self.elapsed_ns.get());
        let period = f64::from(self.periods.get()) / samples;
        let pace = (period * share / (PACE_AIM * limit)).ceil() as u32;
        if pace <= self.pace.get() && self.elapsed_ns.get() < PACE_NS {
            // Too early to let go; only too much is told at once.
            return;
        }
        let pace = pace.max(self.pace.get() / 4);
        self.pace
            .set(pace.clamp(base_period, PERIOD_MAX.max(base_period)));
        self.clear();
    }
}

fn add(to: &Cell<u32>, more: u64) {
    let more = u32::try_from(more).unwrap_or(u32::MAX);
    to.set(to.get().saturating_add(more));
}

/// What may be owed without consequences.
fn may_be_owed(limit: f64) -> f64 {
    OWED * limit * WINDOW_NS
}

#[cfg(test)]
mod tests {
    use super::super::{Drawn, draw, furthest, random};
    use super::*;

    /// A thread that locks, sampled as the throttle wants.
    struct Host {
        throttle: Throttle,
        random: Cell<u64>,
        now_ns: u64,
        /// Samples: when, and how much time.
        samples: Vec<(u64, u64)>,
        acquisitions: u64,
        /// Acquisitions by the weights of the samples.
        estimate: u64,
        /// The next sample: acquisitions before it, and what it stands for.
        drawn: Option<Drawn>,
    }

    impl Host {
        fn new(seed: u64) -> Self {
            let throttle = Throttle {
                last_ns: Cell::new(0),
                samples: Cell::new(0),
                elapsed_ns: Cell::new(0),
                spent_ns: Cell::new(0),
                least_ns: Cell::new(0),
                periods: Cell::new(0),
                acquisitions: Cell::new(0),
                debt_ns: Cell::new(0),
                pace: Cell::new(0),
                period: Cell::new(0),
                is_first: Cell::new(false),
            };
            throttle.begin(100);
            Self {
                throttle,
                random: Cell::new(seed),
                now_ns: 1_000_000_000,
                samples: Vec::new(),
                acquisitions: 0,
                estimate: 0,
                drawn: None,
            }
        }

        /// Takes a lock every `each_ns` for a while; every sample costs `cost_ns`,
        /// the first `cold` ones sixty times as much.
        fn lock(&mut self, for_ns: u64, each_ns: u64, cost_ns: u64, cold: usize) {
            let end = self.now_ns + for_ns;
            loop {
                let Drawn { skip, weight } = self
                    .drawn
                    .unwrap_or_else(|| draw(random(&self.random), self.throttle.period(), 100));
                let skip = skip.cast_unsigned();
                let room = end.saturating_sub(self.now_ns) / each_ns;
                if weight == 0 && room >= skip {
                    self.acquisitions += skip;
                    self.now_ns += skip * each_ns;
                    self.drawn = None;
                    self.throttle
                        .pass_by(furthest(100), self.now_ns, 0.005, 100);
                    continue;
                }
                self.acquisitions += room.min(skip + 1);
                self.now_ns += room.min(skip + 1) * each_ns;
                if room <= skip {
                    let skip = (skip - room).cast_signed();
                    self.drawn = Some(Drawn { skip, weight });
                    break;
                }
                self.drawn = None;
                self.estimate += u64::from(weight);
                let is_first = self.samples.len() < cold;
                let cost = if is_first { 60 } else { 1 } * cost_ns;
                self.now_ns += cost;
                self.samples.push((self.now_ns, cost));
                if is_first {
                    self.throttle.note_first();
                }
                self.throttle.book(cost, weight, self.now_ns, 0.005, 100);
            }
        }

        /// The largest share of a tenth of a second, of all that begin at a sample.
        fn largest_share(&self) -> f64 {
            let starts = self.samples.iter().enumerate().step_by(7);
            let shares = starts.map(|(first, (begin, cost))| {
                let window = self.samples[first..]
                    .iter()
                    .take_while(|(at, _)| *at < begin - cost + 100_000_000);
                window.map(|(_, cost)| *cost as f64).sum::<f64>() / 1e8
            });
            shares.fold(0.0, f64::max)
        }
    }

    #[test]
    fn no_tenth_of_a_second_holds_more_than_the_limit_through_steps_of_a_thousand() {
        for seed in 1..=20 {
            let mut host = Host::new(seed * 0x9E37_79B9);
            for _ in 0..3 {
                host.lock(1_000_000_000, 20_000, 650, 0);
                host.lock(1_000_000_000, 20, 650, 0);
                host.lock(300_000_000, 20_000_000, 650, 0);
                host.lock(1_000_000_000, 20, 1_500, 0);
            }
            let share = host.largest_share();
            assert!(share <= 0.005, "{share} of a window with seed {seed}");
        }
    }

    #[test]
    fn what_the_limit_allows_is_used() {
        let mut host = Host::new(42);
        host.lock(2_000_000_000, 20, 650, 0);
        let spent: u64 = host.samples.iter().map(|(_, cost)| cost).sum();
        let share = spent as f64 / 2e9;
        assert!((0.0025..0.0045).contains(&share), "{share}");
    }

    #[test]
    fn dear_first_samples_are_no_reason_to_sample_rarely_for_long() {
        for seed in 1..=20 {
            let mut host = Host::new(seed * 0x9E37_79B9);
            // 1 us apart: at rest one in a hundred takes 0.65 of the limit.
            host.lock(20_000_000, 1_000, 325, 20);
            let kept = host.samples.len() as f64 / (host.acquisitions as f64 / 100.0);
            assert!(kept > 0.2, "{kept} of the samples");
            host.lock(100_000_000, 1_000, 325, 0);
            assert!(host.throttle.period() < 400);
        }
    }

    #[test]
    fn a_throttled_estimate_is_unbiased() {
        let (mut estimate, mut acquisitions) = (0, 0);
        for seed in 1..=200 {
            let mut host = Host::new(seed * 0x9E37_79B9_7F4A);
            host.lock(20_000_000, 20, 650, 5);
            host.lock(20_000_000, 20_000, 650, 0);
            host.lock(20_000_000, 20, 650, 0);
            estimate += host.estimate;
            acquisitions += host.acquisitions;
        }
        let ratio = estimate as f64 / acquisitions as f64;
        assert!((ratio - 1.0).abs() < 0.02, "{ratio}");
    }

    #[test]
    fn a_slow_phase_is_sampled_soon_after_a_fast_one() {
        for seed in 1..=20 {
            let mut host = Host::new(seed * 0x9E37_79B9);
            host.lock(1_000_000_000, 20, 650, 0);
            let before = host.samples.len();
            // 50,000 acquisitions; in the end one in a hundred is sampled.
            host.lock(1_000_000_000, 20_000, 650, 0);
            let samples = host.samples.len() - before;
            assert!(samples > 100, "{samples} samples with seed {seed}");
        }
    }

    #[test]
    fn remarks_are_declined_while_too_much_is_owed() {
        let host = Host::new(1);
        let remark = |now_ns| host.throttle.try_book_remark(200, now_ns, 0.005);
        let made = (0..1_000).filter(|&at| remark(1_000_000 + at)).count();
        assert!((250..260).contains(&made), "{made}");
        assert!(remark(1_000_000 + 100_000));
        assert!((0..1_000).all(|at| host.throttle.try_book_remark(200, 2_000_000 + at, 0.0)));
    }

    #[test]
    fn the_period_comes_back_when_the_load_falls() {
        let mut host = Host::new(7);
        host.lock(1_000_000_000, 20, 650, 0);
        assert!(host.throttle.period() > 1_000);
        host.lock(3_000_000_000, 20_000, 650, 0);
        assert_eq!(host.throttle.period(), 100);
    }
}
