//! How long to wait before the same request is tried again: longer each time, and not when everybody else tries.

use std::time::Duration;

/// The first wait is at most this.
const FIRST: Duration = Duration::from_millis(500);
/// Every wait is at most this, but for what a receiver asks for.
const LONGEST: Duration = Duration::from_secs(30);
/// Times a request is tried.
const TRIES: u32 = 8;

/// The tries of one request.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failed: u32,
}

impl Backoff {
    /// Whether nothing has failed yet.
    pub(super) fn is_new(&self) -> bool {
        self.failed == 0
    }

    /// A try has failed: how long to wait before the next one; none when there
    /// should be none. `random` spreads the tries of a fleet whose receiver is gone
    /// over the whole time ("full jitter"); what the receiver asks for is the least.
    pub(super) fn next(&mut self, random: u64, asked: Option<Duration>) -> Option<Duration> {
        self.failed += 1;
        if self.failed >= TRIES {
            return None;
        }
        let longest = FIRST.saturating_mul(1 << (self.failed - 1)).min(LONGEST);
        let longest_ns = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
        let wait = Duration::from_nanos(random % longest_ns.max(1));
        Some(asked.unwrap_or_default() + wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound_and_end() {
        let mut backoff = Backoff::default();
        let mut waits = Vec::new();
        // The remainder of this is as long as a wait can be.
        while let Some(wait) = backoff.next(u64::MAX, None) {
            waits.push(wait);
        }
        assert_eq!(waits.len(), 7);
        assert!(waits.iter().all(|wait| *wait <= LONGEST), "{waits:?}");
        let mut backoff = Backoff::default();
        assert_eq!(
            backoff.next(499_999_999, None),
            Some(Duration::from_nanos(499_999_999))
        );
        assert_eq!(
            backoff.next(500_000_000, None),
            Some(Duration::from_millis(500))
        );
        assert_eq!(
            backoff.next(1_500_000_000, None),
            Some(Duration::from_millis(1500))
        );
    }

    #[test]
    fn a_receiver_is_left_alone_as_long_as_it_asks() {
        let asked = Duration::from_secs(9);
        let wait = Backoff::default().next(12_345, Some(asked)).unwrap();
        assert!(wait >= asked && wait <= asked + FIRST, "{wait:?}");
    }
}
