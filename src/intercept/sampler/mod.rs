//! Which events are sampled and what they stand for. Pure: no clock, no thread, no lock.
//!
//! Acquisitions: each is sampled with probability 1/period, independently, by
//! drawing the number of unsampled ones before the next from the geometric
//! distribution. A fixed step would fall into step with the host's own loops.
//! The weight is the period at the time of the draw, never a later one.
//!
//! Waits: a wait of w is kept with probability min(1, w/T) and then stands for
//! max(1, T/w) waits. An acquisition after a wait of T and more is counted with it,
//! for itself alone, and not once more when it is sampled; its hold is kept as waits
//! are, but at least one in a period. All estimates are unbiased (Horvitz–Thompson).

mod throttle;

use std::cell::Cell;

pub(crate) use self::throttle::Throttle;

/// The next random number (xorshift64; Marsaglia 2003). The state is never 0.
pub(crate) fn random(state: &Cell<u64>) -> u64 {
    let mut x = state.get();
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    state.set(x);
    x
}

/// Acquisitions to pass by before the next sampled one, when one in `period` is.
pub(crate) fn draw_skip(random: u64, period: u32) -> i64 {
    if period <= 1 {
        return 0;
    }
    let skip = -ln_uniform(random) * mean_skip(period);
    #[allow(
        clippy::cast_possible_truncation,
        reason = "a float cast saturates; at most 44 times 2³²"
    )]
    let skip = skip as i64;
    skip
}

/// What follows now: some acquisitions that pass by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Drawn {
    /// How many.
    pub(crate) skip: i64,
    /// How many the one behind them stands for; 0 when it is not sampled, but a new
    /// draw is made there.
    pub(crate) weight: u32,
}

/// Draws what follows, no further ahead than [`furthest`]: what was drawn while a
/// thread locked fast would last too long once it locks slowly. That a draw is cut
/// and made anew changes nothing: what has passed by does not matter to a geometric
/// distribution.
pub(crate) fn draw(random: u64, period: u32, base_period: u32) -> Drawn {
    let skip = draw_skip(random, period);
    let most = i64::from(furthest(base_period));
    if skip >= most {
        return Drawn {
            skip: most,
            weight: 0,
        };
    }
    Drawn {
        skip,
        weight: period,
    }
}

/// How many acquisitions pass by until a draw is made anew.
pub(crate) fn furthest(base_period: u32) -> u32 {
    const PERIODS: u32 = 16;
    base_period.saturating_mul(PERIODS)
}

/// −1/ln(1 − 1/period), which scales an exponential draw so that its whole part is
/// geometric: from its series, or for short periods as it stands.
fn mean_skip(period: u32) -> f64 {
    let period = f64::from(period);
    if period < 16.0 {
        return -1.0 / ln(1.0 - 1.0 / period);
    }
    period - 0.5 - 1.0 / (12.0 * period)
}

/// How many waits a wait of `wait_ns` stands for when `full_ns` and more are
/// always kept; 0 when it is not kept.
pub(crate) fn wait_weight(random: u64, wait_ns: u64, full_ns: u64) -> f64 {
    if wait_ns >= full_ns {
        return 1.0;
    }
    // The upper half of the product is as evenly spread over 0..full_ns as the
    // remainder would be, and much cheaper.
    if (u128::from(random) * u128::from(full_ns)) >> u64::BITS < u128::from(wait_ns) {
        #[allow(clippy::cast_precision_loss, reason = "a ratio; 53 bits are plenty")]
        let weight = full_ns as f64 / wait_ns as f64;
        return weight;
    }
    0.0
}

/// How many holds a hold of `hold_ns` stands for when `full_ns` and more are always
/// kept, and of all others at least one in `period`; 0 when it is not kept.
pub(crate) fn hold_weight(random: u64, hold_ns: u64, full_ns: u64, period: u32) -> f64 {
    let one_in = u64::from(period.max(1));
    wait_weight(random, hold_ns.max(full_ns / one_in), full_ns)
}

/// Logarithm of a uniform number from (0, 1) made of 64 random bits.
fn ln_uniform(random: u64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
    let fraction = (random >> 11) as f64;
    ln((fraction + 0.5) * (1.0 / 9_007_199_254_740_992.0))
}

/// Natural logarithm of a positive normal number, to nine digits. Our own because
/// the standard one lives in libm, which a preloaded library must not drag in.
fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let exponent = i32::try_from((bits >> 52) & 0x7ff).unwrap_or(0) - 1023;
    let mantissa = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    // ln(m) = 2·artanh((m−1)/(m+1)), a series in at most (1/3)².
    let t = (mantissa - 1.0) / (mantissa + 1.0);
    let tt = t * t;
    let mut sum = 0.0;
    for odd in (1..=17).rev().step_by(2) {
        sum = sum * tt + 1.0 / f64::from(odd);
    }
    f64::from(exponent) * std::f64::consts::LN_2 + 2.0 * t * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_agrees_with_the_standard_one() {
        for step in 1..4000 {
            let x = f64::from(step) / 1999.5;
            assert!((ln(x) - x.ln()).abs() < 1e-9, "{x}");
        }
        assert!((ln(1e-19) - 1e-19_f64.ln()).abs() < 1e-7);
    }

    #[test]
    fn one_acquisition_in_a_period_is_sampled_on_average() {
        for period in [2, 7, 100, 1000] {
            let state = Cell::new(0x9E37_79B9_7F4A_7C15);
            let draws = 200_000;
            let passed: i64 = (0..draws)
                .map(|_| draw_skip(random(&state), period) + 1)
                .sum();
            let mean = passed as f64 / f64::from(draws);
            assert!(
                (mean / f64::from(period) - 1.0).abs() < 0.01,
                "{period}: {mean}"
            );
        }
    }

    #[test]
    fn draws_that_are_cut_sample_as_many() {
        let state = Cell::new(0x9E37_79B9_7F4A_7C15);
        let (mut passed, mut stood_for, mut cut) = (0, 0, 0);
        for _ in 0..300_000 {
            let drawn = draw(random(&state), 1000, 50);
            passed += drawn.skip;
            if drawn.weight == 0 {
                cut += 1;
            } else {
                passed += 1;
                stood_for += i64::from(drawn.weight);
            }
        }
        let ratio = stood_for as f64 / passed as f64;
        assert!(
            (ratio - 1.0).abs() < 0.01 && cut > 100_000,
            "{ratio}, {cut}"
        );
    }

    #[test]
    fn a_period_of_one_samples_every_acquisition() {
        assert_eq!(draw_skip(0, 1), 0);
        assert_eq!(draw_skip(u64::MAX, 1), 0);
    }

    #[test]
    fn kept_waits_add_up_to_all_waiting() {
        let state = Cell::new(42);
        let (mut truth, mut estimate) = (0.0, 0.0);
        for turn in 0..200_000_u64 {
            let wait_ns = 1 + (turn * 7919) % 250_000;
            truth += wait_ns as f64;
            estimate += wait_weight(random(&state), wait_ns, 100_000) * wait_ns as f64;
        }
        assert!(
            (estimate / truth - 1.0_f64).abs() < 0.01,
            "{estimate} of {truth}"
        );
    }

    #[test]
    fn kept_holds_add_up_in_number_and_time() {
        let state = Cell::new(42);
        let (mut held_ns, mut estimate_ns, mut holds) = (0.0, 0.0, 0.0);
        let turns = 400_000_u64;
        for turn in 0..turns {
            let hold_ns = (turn * 7919) % 2_500;
            held_ns += hold_ns as f64;
            let weight = hold_weight(random(&state), hold_ns, 100_000, 100);
            assert!(weight <= 100.0, "{weight}");
            holds += weight;
            estimate_ns += weight * hold_ns as f64;
        }
        assert!((estimate_ns / held_ns - 1.0_f64).abs() < 0.02);
        assert!((holds / turns as f64 - 1.0_f64).abs() < 0.02);
        assert_eq!(hold_weight(7, 0, 0, 1), 1.0);
    }

    #[test]
    fn long_waits_and_a_threshold_of_zero_are_always_kept() {
        assert_eq!(wait_weight(0, 5, 5), 1.0);
        assert_eq!(wait_weight(u64::MAX, 0, 0), 1.0);
    }
}
