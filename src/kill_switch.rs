//! The signal that switches profiling off and on: its handler counts, our thread obeys.
#![allow(unsafe_code, reason = "asks for and sets the treatment of a signal")]

use std::ffi::c_int;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::{diag, sys};

/// Signals that came and were not obeyed yet.
static PRESSES: AtomicU32 = AtomicU32::new(0);

/// Takes the signal, if nobody has it. Who sets a handler of its own later has it then.
pub(crate) fn install(signal: c_int) {
    match try_install(signal) {
        Ok(true) => {}
        Ok(false) => diag::say(format_args!(
            "LOCKPROF_SIGNAL: signal {signal} is ignored or handled already; it stays so"
        )),
        Err(code) => diag::say(format_args!(
            "LOCKPROF_SIGNAL: signal {signal} cannot be had (error {code})"
        )),
    }
}

/// Whether to switch over now: two signals at once mean nothing.
pub(crate) fn is_pressed() -> bool {
    // Relaxed: a count, and nothing else comes with it.
    PRESSES.load(Ordering::Relaxed) != 0 && PRESSES.swap(0, Ordering::Relaxed) % 2 == 1
}

/// In a forked child: what came before is the parent's.
pub(crate) fn forget() {
    PRESSES.store(0, Ordering::Relaxed);
}

/// Says whether the signal was free.
fn try_install(signal: c_int) -> Result<bool, c_int> {
    // SAFETY: all zeros is a valid `sigaction`: the default, without flags.
    let mut before: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: a valid place to write to; nothing is set.
    if unsafe { libc::sigaction(signal, std::ptr::null(), &raw mut before) } != 0 {
        return Err(sys::errno());
    }
    if before.sa_sigaction != libc::SIG_DFL {
        return Ok(false);
    }
    let handler: extern "C" fn(c_int) = press;
    let mut action = before;
    action.sa_sigaction = handler as *const () as usize;
    // The program's calls go on as if nothing had come.
    action.sa_flags = libc::SA_RESTART;
    // SAFETY: the handler takes what a handler without SA_SIGINFO is given, lives as long
    // as the process, and does nothing but add to an atomic.
    match unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) } {
        0 => Ok(true),
        _ => Err(sys::errno()),
    }
}

extern "C" fn press(_signal: c_int) {
    PRESSES.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_signal_switches_over_and_two_do_not() {
        assert_eq!(try_install(libc::SIGUSR2), Ok(true));
        // It has a handler now, as a program's own would.
        assert_eq!(try_install(libc::SIGUSR2), Ok(false));
        assert_eq!(try_install(libc::SIGKILL), Err(libc::EINVAL));
        for (signals, switches) in [(0, false), (1, true), (2, false), (3, true)] {
            for _ in 0..signals {
                // SAFETY: the handler was set above; nothing else is done with it.
                unsafe { libc::raise(libc::SIGUSR2) };
            }
            assert_eq!(is_pressed(), switches, "{signals}");
        }
        assert!(!is_pressed());
    }

    #[test]
    fn the_numbers_in_the_option_table_are_those_of_this_system() {
        let number = |name| {
            let get = |asked: &str| (asked == "LOCKPROF_SIGNAL").then(|| String::from(name));
            contract::options::resolve(get).0.signal.map(c_int::from)
        };
        assert_eq!(number("SIGUSR1"), Some(libc::SIGUSR1));
        assert_eq!(number("SIGUSR2"), Some(libc::SIGUSR2));
        assert_eq!(number("SIGRTMIN+2"), Some(libc::SIGRTMIN() + 2));
        assert_eq!(number("SIGRTMIN+30"), Some(libc::SIGRTMAX()));
    }
}
