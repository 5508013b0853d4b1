//! What is to be known before a report is believed, one line each.

use super::printable::printable;
use super::units;
use crate::analyse::remarks::Remarks;

/// More of the same remarks tell nobody more.
const MOST_REMARKS: usize = 10;

impl Remarks {
    /// All of it, without a prefix.
    pub(crate) fn warnings(&self, threads: u64) -> Vec<String> {
        let mut lines = self.losses();
        if let (times @ 1.., off_ns) = self.off {
            lines.push(format!(
                "profiling was switched off meanwhile, {} for {} in all",
                units::of(times, "time", "times"),
                units::time(off_ns)
            ));
        }
        lines.extend(self.open());
        if self.nameless > 0 {
            lines.push(format!(
                "{} of {} without a name",
                units::count(self.nameless),
                units::of(threads, "thread", "threads"),
            ));
        }
        lines.iter().map(|line| printable(line)).collect()
    }

    /// What the program's filters left out: no fault, but in no row.
    pub(crate) fn left_out(&self) -> Vec<String> {
        let lines = self.left_out.iter().take(MOST_REMARKS);
        lines.map(|line| printable(line)).collect()
    }

    /// What was lost, and how many more such remarks there are.
    pub(crate) fn losses(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.losses.iter().take(MOST_REMARKS).cloned().collect();
        if let Some(more) = self
            .losses
            .len()
            .checked_sub(MOST_REMARKS)
            .filter(|n| *n > 0)
        {
            lines.push(format!("… and {more} more remarks about losses"));
        }
        lines
    }

    /// Such holds are in no row: they have not ended.
    fn open(&self) -> Option<String> {
        if self.open_holds == 0 {
            return None;
        }
        let were = if self.open_holds == 1 { "was" } else { "were" };
        let locks = units::of(self.open_holds, "sampled lock", "sampled locks");
        let oldest = self
            .oldest
            .as_ref()
            .map_or_else(String::new, |(ns, about)| {
                format!(", for up to {}: {about}", units::time(*ns))
            });
        Some(format!(
            "{locks} {were} held when the profile was made, in no row{oldest}"
        ))
    }
}
