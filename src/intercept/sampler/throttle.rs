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
    /// Of the samples since the pace was set: how many, in which time; how many were not
    /// the first through some code, and what those took; the sum of the periods in force,
    /// and how many acquisitions they stand for.
    samples: Cell<u32>,
    elapsed_ns: Cell<u32>,
    usual: Cell<u32>,
    spent_ns: Cell<u32>,
    periods: Cell<u32>,
    acquisitions: Cell<u32>,
    /// Time that was spent and is not paid off.
    debt_ns: Cell<u32>,
    /// The period that the pace asks for.
    pace: Cell<u32>,
    /// The period to draw with next: the pace, or longer while there is a debt.
    period: Cell<u32>,
    /// How many acquisitions the next sampled one stands for; fixed when drawn.
    pub(crate) weight: Cell<u32>,
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
        self.usual.set(0);
        self.spent_ns.set(0);
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

    /// Books the time that the sample of one acquisition took, which stands for
    /// `weight`, or of a wait, which stands for none. It ended at `now_ns`. A `limit`
    /// of 0 is none. It is dear if it was the first through some code (`is_first`).
    pub(crate) fn book(
        &self,
        spent_ns: u64,
        weight: u32,
        now_ns: u64,
        limit: f64,
        base_period: u32,
        is_first: bool,
    ) {
        if limit <= 0.0 {
            return;
        }
        let paid = self.pay(now_ns, limit);
        let spent_ns = spent_ns.min(SPENT_MAX_NS);
        add(&self.samples, 1);
        // Waits are stretched by the pace alone.
        let period = if weight == 0 {
            &self.pace
        } else {
            &self.period
        };
        add(&self.periods, period.get().into());
        add(&self.acquisitions, weight.into());
        if !is_first {
            add(&self.usual, 1);
            add(&self.spent_ns, spent_ns);
        }
        let debt = paid + spent_ns as f64;
        self.debt_ns.set(debt as u32);
        let each_ns = f64::from(self.elapsed_ns.get()) / f64::from(self.acquisitions.get().max(1));
        // A burst of samples that little is owed for says nothing of the pace.
        let is_too_much = self.samples.get() >= PACE_SAMPLES && debt > may_be_owed(limit);
        if self.elapsed_ns.get() >= PACE_NS || is_too_much {
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
        let each_ns = match self.usual.get() {
            0 => UNKNOWN_NS,
            usual => f64::from(self.spent_ns.get()) / f64::from(usual),
        };
        let spent = f64::from(self.samples.get()) * each_ns;
        let share = spent / f64::from(self.elapsed_ns.get());
        let period = f64::from(self.periods.get()) / samples;
        let pace = (period * share / (PACE_AIM * limit)).ceil() as u32;
        if pace <= self.pace.get() && self.elapsed_ns.get() < PACE_NS {
            // Too early to let go; only too much is told at once.
            return;
        }
        // A few samples may come together by chance.
        let pace = pace.clamp(self.pace.get() / 4, self.pace.get().saturating_mul(4));
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
mod tests;
