//! The throttle and the sampler together, in simulated threads that lock.

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
    /// The variance of that, by the same weights: Σ w(w − 1).
    variance: f64,
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
            usual: Cell::new(0),
            periods: Cell::new(0),
            acquisitions: Cell::new(0),
            debt_ns: Cell::new(0),
            pace: Cell::new(0),
            period: Cell::new(0),
            weight: Cell::new(0),
        };
        throttle.begin(100);
        Self {
            throttle,
            random: Cell::new(seed),
            now_ns: 1_000_000_000,
            samples: Vec::new(),
            acquisitions: 0,
            estimate: 0,
            variance: 0.0,
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
            self.variance += f64::from(weight) * f64::from(weight - 1);
            let is_first = self.samples.len() < cold;
            let cost = if is_first { 60 } else { 1 } * cost_ns;
            self.now_ns += cost;
            self.samples.push((self.now_ns, cost));
            self.throttle
                .book(cost, weight, self.now_ns, 0.005, 100, is_first);
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
fn the_weights_of_samples_say_how_far_off_a_throttled_estimate_is() {
    let (mut squares, mut variances, mut by_number) = (0.0, 0.0, 0.0);
    for seed in 1..=400 {
        let mut host = Host::new(seed * 0x9E37_79B9_7F4A);
        for _ in 0..3 {
            host.lock(20_000_000, 20, 650, 0);
            host.lock(400_000_000, 20_000, 650, 0);
        }
        let truth = host.acquisitions as f64;
        let estimate = host.estimate as f64;
        squares += (estimate - truth).powi(2);
        variances += host.variance;
        let mean_weight = estimate / host.samples.len() as f64;
        by_number += estimate * (mean_weight - 1.0);
    }
    let ratio = variances / squares;
    assert!((0.8..1.3).contains(&ratio), "{ratio} of the square errors");
    // The number of samples alone, as if each had stood for equally many, would
    // promise too much; which is why the library does not hand that out.
    let ratio = by_number / squares;
    assert!(ratio < 0.6, "{ratio} of the square errors");
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

/// Waits in bursts, among an acquisition each microsecond: 40 of them within 40 µs, then none for 10 ms.
/// That is a fifth of the limit, and no reason to sample rarely.
#[test]
fn bursts_of_waits_within_the_limit_slow_nothing_down() {
    let throttle = Host::new(1).throttle;
    let mut now_ns = 1_000_000;
    let mut largest = 0;
    for _ in 0..200 {
        for _ in 0..40 {
            now_ns += 1_000;
            throttle.book(250, 0, now_ns, 0.005, 100, false);
        }
        now_ns += 10_000_000;
        largest = largest.max(throttle.stretch(100, 100));
    }
    assert_eq!(largest, 100);
}

/// An acquisition each 10 µs, one in a hundred sampled, beside a wait each 20 µs of
/// which all are kept as long as the pace is that at rest: four times what is allowed.
#[test]
fn what_waits_take_is_paid_by_fewer_waits_and_not_by_acquisitions_alone() {
    let host = Host::new(7);
    let (mut now_ns, mut sampled, mut kept) = (1_000_000_u64, 0_u64, 0_u64);
    let mut skip = host.throttle.period();
    for turn in 0..200_000_u64 {
        now_ns += 10_000;
        skip -= 1;
        if skip == 0 {
            sampled += 1;
            skip = host.throttle.period();
            host.throttle.book(400, skip, now_ns, 0.005, 100, false);
        }
        let full_ns = host.throttle.stretch(20_000, 100);
        if turn % 2 == 0 && random(&host.random) % full_ns < 20_000 {
            kept += 1;
            // Some take next to nothing.
            let cost_ns = if kept % 8 == 0 { 50 } else { 450 };
            host.throttle.book(cost_ns, 0, now_ns, 0.005, 100, false);
        }
    }
    // Of 2 s, 7 ms for 100,000 waits and 2,000 samples at rest: nearly a fifth of each.
    assert!((10_000..30_000).contains(&kept), "{kept} waits");
    assert!((200..600).contains(&sampled), "{sampled} samples");
}
