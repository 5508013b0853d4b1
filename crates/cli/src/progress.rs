//! One line on a terminal that says how far something is, and is gone at the end.

use std::time::{Duration, Instant};

use crate::output;

/// What takes less time needs no such line.
const PATIENCE: Duration = Duration::from_secs(1);

/// The line.
pub(crate) struct Progress {
    begun: Instant,
    is_wanted: bool,
    shown: String,
}

impl Progress {
    /// Shown only on a terminal, and only if it takes long.
    pub(crate) fn new(is_wanted: bool) -> Self {
        Self {
            begun: Instant::now(),
            is_wanted: is_wanted && output::error_paper().width.is_some(),
            shown: String::new(),
        }
    }

    /// Says how far it is.
    pub(crate) fn tell(&mut self, what: &str, done: usize, all: usize) {
        if !self.is_wanted || self.begun.elapsed() < PATIENCE {
            return;
        }
        let line = format!("lockprof: {what} … {done}/{all}");
        if line != self.shown {
            // Back to the begin of the line, and what was there goes.
            output::print_error(&format!("\r\x1b[K{line}"));
            self.shown = line;
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if !self.shown.is_empty() {
            output::print_error("\r\x1b[K");
        }
    }
}
