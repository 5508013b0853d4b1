//! What is on its way to receivers and what was lost on it: what an exit waits for, and what profiles say of it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::fault::Cause;
use super::outbox::Outbox;
use crate::sys;

/// All deliveries of a process.
#[derive(Default)]
pub(crate) struct Deliveries {
    pending: AtomicU32,
    failed: AtomicU32,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    outboxes: Vec<Arc<Outbox>>,
    /// Until when everything must have ended, once the program is ending.
    end_ns: Option<u64>,
    /// Few: a receiver each, and a cause.
    losses: Vec<(&'static str, Cause, u32)>,
    /// Whether there are losses that no profile has told of.
    has_news: bool,
}

impl Deliveries {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more receiver has requests to be delivered.
    pub(super) fn register(&self, outbox: &Arc<Outbox>) {
        let mut book = self.book();
        book.outboxes.push(Arc::clone(outbox));
        if let Some(end_ns) = book.end_ns {
            outbox.hurry(end_ns);
        }
    }

    /// One more is under way.
    pub(super) fn begin(&self) {
        self.pending.fetch_add(1, Ordering::Relaxed);
    }

    /// One has ended.
    pub(super) fn end(&self, has_arrived: bool) {
        if !has_arrived {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        // Release pairs with the Acquire in `wait`: the failure was counted before.
        self.pending.fetch_sub(1, Ordering::Release);
        sys::wake(&self.pending);
    }

    /// One will never arrive.
    pub(super) fn lose(&self, receiver: &'static str, cause: Cause) {
        let mut book = self.book();
        let known = |(of, by, _): &&mut (&str, Cause, u32)| *of == receiver && *by == cause;
        match book.losses.iter_mut().find(known) {
            Some((_, _, count)) => *count += 1,
            None => book.losses.push((receiver, cause, 1)),
        }
        book.has_news = true;
    }

    /// What was lost so far, a line for each receiver and cause.
    pub(crate) fn losses(&self) -> Vec<String> {
        let mut book = self.book();
        book.has_news = false;
        let line = |(receiver, cause, count): &(&str, Cause, u32)| {
            format!("{count} uploads to {receiver} ({cause})")
        };
        book.losses.iter().map(line).collect()
    }

    /// Whether more was lost than [`Self::losses`] said when it was last asked.
    pub(crate) fn has_news(&self) -> bool {
        self.book().has_news
    }

    /// How many have failed so far.
    pub(crate) fn failed(&self) -> u32 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Waits until none is under way, no longer than `limit`; says whether none is.
    pub(crate) fn wait(&self, limit: Duration) -> bool {
        let begin_ns = sys::monotonic_ns();
        loop {
            let pending = self.pending.load(Ordering::Acquire);
            if pending == 0 {
                return true;
            }
            let waited = Duration::from_nanos(sys::monotonic_ns() - begin_ns);
            let Some(left) = limit.checked_sub(waited).filter(|left| !left.is_zero()) else {
                return false;
            };
            sys::sleep_on(&self.pending, pending, left);
        }
    }

    /// The program ends: who waits to try again does it now, and nobody tries for
    /// longer than `limit`.
    pub(crate) fn hurry(&self, limit: Duration) {
        let limit_ns = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
        let end_ns = sys::monotonic_ns().saturating_add(limit_ns);
        let mut book = self.book();
        book.end_ns = Some(end_ns);
        for outbox in &book.outboxes {
            outbox.hurry(end_ns);
        }
    }

    /// Parts with whatever has not arrived yet.
    pub(crate) fn abandon(&self) {
        // A copy, since losses are booked meanwhile.
        let outboxes = self.book().outboxes.clone();
        for outbox in outboxes {
            outbox.abandon();
        }
    }
}
