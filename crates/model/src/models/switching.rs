//! Switching off and on.

use crate::atomic::{AtomicBool, AtomicU32, Ordering};
use crate::world::{explore, explore_with, spawn};
use crate::{state, sys};

static GATES: [AtomicBool; 2] = [const { AtomicBool::new(false) }; 2];
/// The epoch in which a gate was opened; 0 while it is closed.
static OPENED_IN: AtomicU32 = AtomicU32::new(0);

fn lead(on: bool) {
    for gate in &GATES {
        gate.store(on, Ordering::Relaxed);
    }
}

fn switch(on: bool) {
    if on {
        state::try_switch_on();
    } else {
        state::switch_off();
    }
    state::follow(lead);
}

/// Threads switch off and on at once: the gates are as the state says.
pub fn the_last_who_leads_the_calls_knows_the_state() {
    explore_with(3, || {
        switch(true);
        let other = spawn(|| switch(false));
        switch(false);
        switch(true);
        other.join().unwrap();
        for gate in &GATES {
            assert_eq!(gate.load(Ordering::Relaxed), state::is_on());
        }
    });
}

/// A thread that remembers something of before comes through a gate that has just been opened:
/// it knows that all that is worthless.
pub fn whoever_comes_through_a_gate_knows_its_epoch() {
    explore_with(3, || {
        let open = |on| {
            let epoch = if on { state::epoch() } else { 0 };
            OPENED_IN.store(epoch, Ordering::Relaxed);
        };
        let host = spawn(|| {
            let opened_in = OPENED_IN.load(Ordering::Relaxed);
            assert!(state::epoch() >= opened_in);
        });
        state::try_switch_on();
        state::follow(open);
        state::switch_off();
        state::follow(open);
        state::try_switch_on();
        state::follow(open);
        host.join().unwrap();
    });
}

/// One thread switches off and another one on: time goes on while it is off, and only then.
pub fn the_time_off_ends_when_it_is_on() {
    explore_with(3, || {
        assert!(state::try_switch_on());
        let off = spawn(state::switch_off);
        let on = spawn(|| assert!(state::try_switch_on()));
        off.join().unwrap();
        on.join().unwrap();
        let (times, off_ns) = state::off_time();
        let (_, later_ns) = state::off_time();
        assert_eq!(times, 1);
        assert_eq!(state::is_on(), later_ns == off_ns, "{off_ns} {later_ns}");
    });
}

/// While somebody looks: no time counts twice.
pub fn it_was_never_off_for_longer_than_it_was() {
    explore_with(3, || {
        assert!(state::try_switch_on());
        let begin_ns = sys::monotonic_ns();
        let looker = spawn(state::off_time);
        state::switch_off();
        assert!(state::try_switch_on());
        let (times, off_ns) = looker.join().unwrap();
        assert!(times <= 1 && off_ns < sys::monotonic_ns() - begin_ns);
        assert_eq!(state::off_time().0, 1);
    });
}

/// Once it is off for good, it is.
pub fn nobody_switches_on_what_is_off_for_good() {
    explore_with(3, || {
        switch(true);
        let other = spawn(|| {
            switch(false);
            switch(true);
        });
        state::switch_off_for_good();
        state::follow(lead);
        other.join().unwrap();
        assert!(state::is_off_for_good() && !state::try_switch_on());
        assert!(GATES.iter().all(|gate| !gate.load(Ordering::Relaxed)));
    });
}
