//! Conditions on a difference, by which a check of changes fails: `wait>+20%`.

use contract::options;

use super::diff::{Change, Diff, Difference, QUANTITIES, Quantity};
use super::weights::float;

/// A quantity must not grow by more.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition {
    /// As it was given.
    pub(crate) text: String,
    quantity: &'static Quantity,
    limit: Limit,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Limit {
    Percent(f64),
    /// Nanoseconds, or a number.
    Amount(f64),
}

impl Condition {
    /// Reads one.
    ///
    /// # Errors
    ///
    /// One line that says what a condition is.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let bad = || {
            let keys = QUANTITIES.each_ref().map(|quantity| quantity.key);
            format!(
                "--fail-on {text}: no condition, as wait>+20% or wait>+5ms; the columns are: {}",
                keys.join(", ")
            )
        };
        let (key, limit) = text.split_once('>').ok_or_else(bad)?;
        let mut quantities = QUANTITIES.iter();
        let quantity = quantities.find(|quantity| quantity.key == key.trim());
        let quantity = quantity.ok_or_else(bad)?;
        let limit = limit.trim();
        let limit = limit.strip_prefix('+').unwrap_or(limit);
        Ok(Self {
            text: text.to_owned(),
            quantity,
            limit: Limit::new(limit, quantity.is_time).ok_or_else(bad)?,
        })
    }

    /// The rows, or the sum, that have grown by more, and not by chance alone.
    pub(crate) fn broken_by<'a>(&self, diff: &'a Diff) -> Vec<(&'a Difference, Change)> {
        let rows = diff.rows.iter().chain([&diff.total]);
        rows.filter_map(|row| Some((row, *row.of(self.quantity)?)))
            .filter(|(_, change)| self.is_broken_by(change))
            .collect()
    }

    /// What it is about.
    pub(crate) fn quantity(&self) -> &'static Quantity {
        self.quantity
    }

    fn is_broken_by(&self, change: &Change) -> bool {
        let is_more = match self.limit {
            Limit::Percent(limit) => match change.percent() {
                Some(percent) => percent > limit,
                // From nothing it is more than any number of times as much.
                None => change.after > 0.0,
            },
            Limit::Amount(limit) => change.difference() > limit,
        };
        is_more && change.is_significant() == Some(true)
    }
}

impl Limit {
    fn new(text: &str, is_time: bool) -> Option<Self> {
        if let Some(percent) = text.strip_suffix('%') {
            return number(percent).map(Self::Percent);
        }
        if is_time {
            return options::time_ns(text).map(|ns| Self::Amount(float(ns)));
        }
        number(text).map(Self::Amount)
    }
}

/// A number of digits and one point: nothing like `inf` or `1e9`.
fn number(text: &str) -> Option<f64> {
    let is_plain = text.chars().all(|c| c.is_ascii_digit() || c == '.');
    text.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    fn change(before: f64, after: f64, error: Option<f64>) -> Change {
        Change {
            before,
            after,
            error,
        }
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for text in [
            "",
            "wait",
            "wait>",
            "wait>+",
            "wait>+%",
            "wait>x",
            "wait<20%",
            "blame>+2%",
            "waits>+5ms",
            "wait>+inf%",
            "acquisitions>+1e9",
            "wait>-20%",
        ] {
            let complaint = Condition::new(text).unwrap_err();
            assert!(complaint.starts_with(&format!("--fail-on {text}: no condition")));
        }
        for text in [
            "wait>+20%",
            "wait > 20%",
            "hold>+1.5s",
            "waits>+100",
            "acquisitions>+0.5%",
        ] {
            assert!(Condition::new(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn only_growth_beyond_the_limit_and_beyond_chance_breaks_it() {
        let percent = Condition::new("wait>+20%").unwrap();
        assert!(percent.is_broken_by(&change(100.0, 121.0, Some(20.0))));
        assert!(!percent.is_broken_by(&change(100.0, 120.0, Some(0.0))));
        assert!(!percent.is_broken_by(&change(100.0, 121.0, Some(21.0))));
        assert!(!percent.is_broken_by(&change(100.0, 121.0, None)));
        assert!(!percent.is_broken_by(&change(100.0, 10.0, Some(0.0))));
        assert!(percent.is_broken_by(&change(0.0, 1.0, Some(0.0))));
        let amount = Condition::new("wait>+5ms").unwrap();
        assert!(amount.is_broken_by(&change(0.0, 5_000_001.0, Some(1.0))));
        assert!(!amount.is_broken_by(&change(0.0, 5_000_000.0, Some(1.0))));
    }
}
