//! Remarks a profile carries that the command line reads back.

/// Before what was lost: `lost: 12 records for 1200 acquisitions (queue full)`.
/// Readers show these lines to the user as warnings.
pub const LOST: &str = "lost: ";
/// Before the process id.
pub const PID: &str = "pid: ";
/// Before the mark of the `lockprof run` that started the process, the value of
/// [`crate::options::RUN`].
pub const RUN: &str = "run: ";
/// Before the mean number of acquisitions between two sampled ones.
pub const SAMPLE: &str = "sample: one acquisition in ";
/// Before the exact totals of waiting, which cost nothing to keep and check the estimate.
pub const EXACT_WAITS: &str = "exact waits: ";

/// The remark that begins with `prefix`, without it.
#[must_use]
pub fn find<'a>(comments: &'a [String], prefix: &str) -> Option<&'a str> {
    comments
        .iter()
        .find_map(|comment| comment.strip_prefix(prefix))
}
