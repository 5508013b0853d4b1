//! The requests that wait for one receiver: few, and the oldest go first when there is no room.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::address::Address;
use super::fault::{Cause, Fault};
use super::spool::Spool;
use super::{Deliveries, Endpoint, Request};
use crate::{diag, sys};

/// Most requests that wait, the one under way included.
const REQUESTS_MAX: usize = 8;
/// Most bytes that wait; a single request may have more.
const BYTES_MAX: usize = 2 << 20;
/// Tries of what is left when the program ends.
const LAST_TRIES: u32 = 3;
/// Time between two of them.
const LAST_PAUSE: Duration = Duration::from_millis(100);
/// Time that must be left for old requests to be sent when the program ends.
const TIME_FOR_OLD_ONES: Duration = Duration::from_millis(500);

/// What one receiver is to get.
pub(super) struct Outbox {
    pub(super) endpoint: Endpoint,
    pub(super) address: Address,
    pub(super) spool: Option<Spool>,
    pub(super) deliveries: &'static Deliveries,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The oldest first; it is the one being delivered.
    requests: VecDeque<Arc<Request>>,
    /// Whether the oldest is being sent right now, and not only to be tried again.
    is_sending: bool,
    /// Until when all must have ended, once the program is ending.
    end_ns: Option<u64>,
    /// Tries since then.
    last_tries: u32,
    /// What the user was told since it last worked.
    said: Vec<Cause>,
}

/// What becomes of a request that did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    TryAgain,
    GiveUp,
    /// Somebody else has parted with it.
    Gone,
}

impl Outbox {
    pub(super) fn new(
        endpoint: Endpoint,
        address: Address,
        spool: Option<Spool>,
        deliveries: &'static Deliveries,
    ) -> Self {
        Self {
            endpoint,
            address,
            spool,
            deliveries,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one more in.
    pub(super) fn put(&self, request: Request) {
        self.deliveries.begin();
        let mut dropped = Vec::new();
        let mut state = self.state();
        state.requests.push_back(Arc::new(request));
        while state.is_too_full() {
            dropped.extend(state.drop_oldest());
        }
        let is_silent = state.said.is_empty() && !dropped.is_empty();
        if is_silent {
            state.said.push(Cause::PushedOut);
        }
        drop(state);
        self.changed.notify_all();
        if is_silent {
            self.say(format_args!("is too slow; not every profile reaches it"));
        }
        for request in dropped {
            self.part_with(&request, Cause::PushedOut);
        }
    }

    /// Waits for the oldest one, which is then being sent.
    pub(super) fn oldest(&self) -> Arc<Request> {
        let mut state = self.state();
        loop {
            if let Some(oldest) = state.requests.front().map(Arc::clone) {
                state.is_sending = true;
                return oldest;
            }
            let woken = self.changed.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits before a request is tried again, and says whether it is to be. When the
    /// program ends there is little time left, but no need to wait for long either;
    /// but as long as the receiver has `asked`.
    pub(super) fn rest(
        &self,
        request: &Arc<Request>,
        wait: Duration,
        asked: Option<Duration>,
    ) -> Next {
        let begin_ns = sys::monotonic_ns();
        let mut state = self.state();
        state.is_sending = false;
        let was_ending = state.end_ns.is_some();
        let last_wait = asked.unwrap_or_else(|| wait.min(LAST_PAUSE));
        let wait = if was_ending { last_wait } else { wait };
        if !state.has_time_to(wait) {
            return Next::GiveUp;
        }
        loop {
            if !state.has(request) {
                return Next::Gone;
            }
            let waited = Duration::from_nanos(sys::monotonic_ns() - begin_ns);
            let left = wait.saturating_sub(waited);
            let is_woken = state.end_ns.is_some() && !was_ending;
            if left.is_zero() || is_woken {
                state.is_sending = true;
                return state.count_last_try();
            }
            let woken = self.changed.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// A request has arrived.
    pub(super) fn has_arrived(&self, request: &Arc<Request>) {
        let mut state = self.state();
        let was_there = state.remove(request);
        let was_broken = !state.said.is_empty();
        state.said.clear();
        drop(state);
        if was_there {
            self.deliveries.end(true);
        }
        if was_broken {
            self.say(format_args!("takes profiles again"));
        }
    }

    /// A request is not tried again.
    pub(super) fn give_up(&self, request: &Arc<Request>, fault: &Fault) {
        if !self.state().remove(request) {
            return;
        }
        if fault.may_arrive_later() {
            self.part_with(request, fault.cause());
        } else {
            self.lose(fault.cause());
        }
    }

    /// Says what is wrong, once for each kind until it works again.
    pub(super) fn explain(&self, fault: &Fault) {
        let mut state = self.state();
        if state.said.contains(&fault.cause()) {
            return;
        }
        state.said.push(fault.cause());
        drop(state);
        let known = match fault {
            Fault::Refused(answer) => (self.endpoint.advice)(answer.status),
            _ => None,
        };
        self.say(format_args!("{}", fault.explained(known)));
    }

    /// Whether there is time for what older processes left behind.
    pub(super) fn is_idle(&self) -> bool {
        let state = self.state();
        state.requests.is_empty() && state.has_time_to(TIME_FOR_OLD_ONES)
    }

    /// The program ends, at the latest then.
    pub(super) fn hurry(&self, end_ns: u64) {
        self.state().end_ns = Some(end_ns);
        self.changed.notify_all();
    }

    /// Parts with everything.
    pub(super) fn abandon(&self) {
        let mut state = self.state();
        let rest: Vec<_> = state.requests.drain(..).collect();
        let is_silent = state.said.is_empty() && !rest.is_empty();
        if is_silent {
            state.said.push(Cause::Ended);
        }
        drop(state);
        if is_silent {
            let fate = match &self.spool {
                Some(_) => "is kept in the spool",
                None => "is lost",
            };
            self.say(format_args!(
                "did not take the last profile before the program ended; it {fate}"
            ));
        }
        for request in rest {
            self.part_with(&request, Cause::Ended);
        }
    }

    /// One will not be sent by this process: it goes to the spool, or is lost.
    pub(super) fn part_with(&self, request: &Request, cause: Cause) {
        let Some(spool) = &self.spool else {
            return self.lose(cause);
        };
        match spool.keep(request) {
            Ok(displaced) => {
                for _ in 0..displaced {
                    self.deliveries.lose(self.endpoint.receiver, Cause::Spool);
                }
                self.deliveries.end(false);
            }
            Err(reason) => {
                self.complain(&reason);
                self.lose(cause);
            }
        }
    }

    /// Says once what is wrong with the spool.
    fn complain(&self, reason: &str) {
        let mut state = self.state();
        let is_new = !state.said.contains(&Cause::Spool);
        if is_new {
            state.said.push(Cause::Spool);
        }
        drop(state);
        if is_new {
            diag::say(format_args!("LOCKPROF_SPOOL: {reason}"));
        }
    }

    fn lose(&self, cause: Cause) {
        self.deliveries.lose(self.endpoint.receiver, cause);
        self.deliveries.end(false);
    }

    fn say(&self, what: std::fmt::Arguments<'_>) {
        diag::say(format_args!(
            "{} at {} {what}",
            self.endpoint.receiver, self.address
        ));
    }
}

impl State {
    fn is_too_full(&self) -> bool {
        let bytes: usize = self.requests.iter().map(|request| request.body.len()).sum();
        let len = self.requests.len();
        len > REQUESTS_MAX || len > 1 && bytes > BYTES_MAX
    }

    /// The oldest that is not on its way right now.
    fn drop_oldest(&mut self) -> Option<Arc<Request>> {
        self.requests.remove(usize::from(self.is_sending))
    }

    fn has(&self, request: &Arc<Request>) -> bool {
        self.requests
            .front()
            .is_some_and(|oldest| Arc::ptr_eq(oldest, request))
    }

    fn remove(&mut self, request: &Arc<Request>) -> bool {
        self.is_sending = false;
        let has = self.has(request);
        if has {
            self.requests.pop_front();
        }
        has
    }

    fn has_time_to(&self, wait: Duration) -> bool {
        let wait_ns = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
        self.end_ns
            .is_none_or(|end_ns| sys::monotonic_ns().saturating_add(wait_ns) < end_ns)
    }

    fn count_last_try(&mut self) -> Next {
        let Some(end_ns) = self.end_ns else {
            return Next::TryAgain;
        };
        self.last_tries += 1;
        if self.last_tries > LAST_TRIES || sys::monotonic_ns() >= end_ns {
            Next::GiveUp
        } else {
            Next::TryAgain
        }
    }
}

#[cfg(test)]
mod tests;
