//! Remarks a profile carries that the command line reads back.

/// Before what was lost of one sort, and why:
/// `lost: 12 records for 40 waits, 120000 ns of waiting (queue full)`.
/// Readers show these lines to the user as warnings.
pub const LOST: &str = "lost: ";
/// Before all that the user's filters left out:
/// `left out, as asked for: 1200 acquisitions; 3 waits, 120000 ns of waiting`.
pub const LEFT_OUT: &str = "left out, as asked for: ";
/// Before what is wrong with the names of code that was made at run time.
pub const MADE_CODE: &str = "names of code made at run time: ";
/// Before a loaded file whose locks are not seen: it was opened with `RTLD_DEEPBIND`,
/// so its calls are bound past the library.
pub const NOT_HOOKED: &str = "locks not seen, bound past the profiler (RTLD_DEEPBIND): ";
/// Before how often profiling was switched off, and for how long:
/// `off: 2 times, 12000000000 ns in all`.
pub const OFF: &str = "off: ";
/// Before the process id.
pub const PID: &str = "pid: ";
/// Before the mark of the `lockprof run` that started the process, the value of
/// [`crate::options::RUN`].
pub const RUN: &str = "run: ";
/// Before the mean number of acquisitions between two sampled ones.
pub const SAMPLE: &str = "sample: one acquisition in ";
/// Before the exact totals of waiting, which cost nothing to keep and check the estimate.
pub const EXACT_WAITS: &str = "exact waits: ";

/// Before the exact totals of waiting of one kind of lock:
/// `exact waits of mutex: 1200 of 3000000 ns, estimated 1180 of 2950000 ns`.
pub const EXACT_WAITS_OF: &str = "exact waits of ";
/// Before the exact totals of sync waits of one kind, worded as those of a lock:
/// `exact sync waits of cond: 1200 of 3000000 ns, estimated 1180 of 2950000 ns`.
pub const EXACT_SYNC_WAITS_OF: &str = "exact sync waits of ";
/// Before the number of sampled locks that were held when the profile was made,
/// and what they stand for: `open holds: 2 for 200, 1500000000 ns in all`.
pub const OPEN_HOLDS: &str = "open holds: ";
/// Before one of the oldest of them:
/// `open hold: 1500000000 ns, lock cache_mu at 0x55d0c0de, thread Writer-0, taken in update_cache`.
pub const OPEN_HOLD: &str = "open hold: ";
/// Before what the holders of a lock were seen to do while others waited for it for 1 ms
/// and more: how often somebody looked, found them running, or asleep in a system call:
/// `holder: 120 looks, 3 running, 110 in fsync, 7 in futex; lock 0x55d0c0de, cache_mu`.
pub const HOLDER: &str = "holder: ";

/// The remark that begins with `prefix`, without it.
#[must_use]
pub fn find<'a>(comments: &'a [String], prefix: &str) -> Option<&'a str> {
    comments
        .iter()
        .find_map(|comment| comment.strip_prefix(prefix))
}
