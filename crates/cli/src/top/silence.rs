//! How long a program has not answered, and why, for who looks at figures that grow old.

use std::time::{Duration, Instant};

use crate::control;

/// So much later than it should come, an answer is missed.
const LATE: Duration = Duration::from_secs(2);

/// Since when there is no answer.
pub(crate) struct Silence {
    pid: u32,
    /// Time until the next answer, if all is well.
    usual: Duration,
    since: Instant,
    /// What went wrong since then.
    reason: Option<String>,
    told_s: u64,
}

impl Silence {
    /// There was an answer just now; the next ones come in this interval.
    pub(crate) fn new(pid: u32, interval: Duration) -> Self {
        Self {
            pid,
            usual: interval + LATE,
            since: Instant::now(),
            reason: None,
            told_s: 0,
        }
    }

    /// There was an answer, or none is waited for.
    pub(crate) fn end(&mut self) {
        self.since = Instant::now();
        self.reason = None;
        self.told_s = 0;
    }

    /// An attempt to get one has failed.
    pub(crate) fn explain(&mut self, reason: String) {
        self.reason = Some(reason);
    }

    /// A line about it, whenever that says something new.
    pub(crate) fn news(&mut self) -> Option<String> {
        let silence = self.since.elapsed();
        let seconds = silence.as_secs();
        if silence <= self.usual || seconds == self.told_s {
            return None;
        }
        self.told_s = seconds;
        let is_stopped = control::is_stopped(self.pid);
        Some(line(seconds, is_stopped, self.reason.as_deref()))
    }
}

fn line(seconds: u64, is_stopped: bool, reason: Option<&str>) -> String {
    let why = match reason {
        _ if is_stopped => ": the program is stopped".to_owned(),
        Some(reason) => format!(": {reason}"),
        None => String::new(),
    };
    format!("no answer for {seconds} s{why}; these figures are the last")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_is_told_once_a_second_until_it_ends() {
        let mut silence = Silence::new(std::process::id(), Duration::ZERO);
        assert_eq!(silence.news(), None, "nothing is late yet");
        let ago = |seconds| Instant::now().checked_sub(Duration::from_secs(seconds));
        silence.since = ago(7).unwrap_or(silence.since);
        let told = "no answer for 7 s; these figures are the last";
        assert_eq!(silence.news().as_deref(), Some(told));
        assert_eq!(silence.news(), None, "it was told");
        silence.since = ago(8).unwrap_or(silence.since);
        silence.explain("it closed the connection".to_owned());
        let told = "no answer for 8 s: it closed the connection; these figures are the last";
        assert_eq!(silence.news().as_deref(), Some(told));
        silence.end();
        assert_eq!(silence.news(), None);
    }

    #[test]
    fn who_is_stopped_is_said_to_be() {
        let told = line(9, true, Some("it closed the connection"));
        assert!(
            told.starts_with("no answer for 9 s: the program is stopped;"),
            "{told}"
        );
    }
}
