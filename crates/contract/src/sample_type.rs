//! What is measured: the value columns of every profile and the keys of its labels.

/// How many values a sample has.
pub const COUNT: usize = 9;

/// One value column of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(usize)]
pub enum SampleType {
    /// Successful takings, at the stack that took the lock.
    Acquire = 0,
    /// Time from asking to getting or giving up, at the stack that asked.
    AcquireWait = 1,
    /// Releases, at the stack that released.
    Release = 2,
    /// Time from taking (depth 0→1) to releasing (1→0), at the stack that released.
    ReleaseHold = 3,
    /// Attempts that found the lock taken: those that waited, and failed ones
    /// (which carry [`label::RESULT`]), at the stack that asked.
    Contention = 4,
    /// Waiting that a holder caused to others, at the holder's release.
    Blocked = 5,
    /// Sampled events behind the estimates of a row: how sure they are. As if each of
    /// them had stood for equally many, (value / samples): where they did not, it is
    /// fewer than there were.
    Samples = 6,
    /// Sync waits: for a signal, at a barrier, for an initialiser, for the end of a
    /// thread. They are no waiting for a lock, and in no other column of time.
    SyncWaits = 7,
    /// Their time, at the stack that waited.
    SyncWait = 8,
}

/// Column order, names and units as they stand in a profile. The schema is the
/// same whatever the options are: pprof refuses to compare profiles otherwise.
pub const ALL: [(SampleType, &str, &str); COUNT] = [
    (SampleType::Acquire, "lock-acquire", "count"),
    (SampleType::AcquireWait, "lock-acquire-wait", "nanoseconds"),
    (SampleType::Release, "lock-release", "count"),
    (SampleType::ReleaseHold, "lock-release-hold", "nanoseconds"),
    (SampleType::Contention, "lock-contention", "count"),
    (SampleType::Blocked, "lock-blocked", "nanoseconds"),
    (SampleType::Samples, "lock-samples", "count"),
    (SampleType::SyncWaits, "sync-waits", "count"),
    (SampleType::SyncWait, "sync-wait", "nanoseconds"),
];

/// The column a viewer opens with.
pub const DEFAULT: SampleType = SampleType::AcquireWait;

/// The period every profile carries: as in Go's mutex profile, values are
/// already scaled up, so it is always one contention.
pub const PERIOD: (&str, &str, i64) = ("contentions", "count", 1);

impl SampleType {
    /// Its place among the values of a sample.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Its name in a profile.
    #[must_use]
    pub fn name(self) -> &'static str {
        ALL[self.index()].1
    }
}

/// Keys of the labels of a sample.
pub mod label {
    /// Text: the best name known for the lock.
    pub const LOCK_NAME: &str = "lock name";
    /// Text: what sort of lock, e.g. `mutex`, `recursive`; of sync waits `cond`,
    /// `barrier`, `once`, `join`.
    pub const LOCK_KIND: &str = "lock kind";
    /// Text: address of the lock, `0x…`.
    pub const LOCK: &str = "lock";
    /// Text: name of the thread.
    pub const THREAD_NAME: &str = "thread name";
    /// Number: `pthread_self` of the thread.
    pub const THREAD_ID: &str = "thread id";
    /// Number: the kernel's id of the thread.
    pub const THREAD_NATIVE_ID: &str = "thread native id";
    /// Number: depth of a nested acquisition or release, 2 and more.
    pub const DEPTH: &str = "depth";
    /// Text: why an acquisition failed, e.g. `busy`, `timeout`.
    pub const RESULT: &str = "result";
    /// Number, nanoseconds: the power of two at or below each duration of the row.
    pub const DURATION_BUCKET: &str = "duration bucket";
    /// Number, nanoseconds: the longest duration of the row; absent where every
    /// event of the row lasted equally long.
    pub const DURATION_MAX: &str = "duration max";
    /// Text: name of the thread that held the lock when the wait began.
    pub const BLOCKING_THREAD_NAME: &str = "blocking thread name";
    /// Number: the kernel's id of that thread.
    pub const BLOCKING_THREAD_ID: &str = "blocking thread id";
    /// Text, on waits: where the release was made that the wait is put down to, the
    /// first function there that does more than wrap a call. On sync waits: where they
    /// were ended. Absent when unknown.
    pub const BLOCKING_SITE: &str = "blocking site";
    /// Number: the address of the call in that function, as it stands in the table of
    /// locations: there it may have been given a line and inlined functions since.
    pub const BLOCKING_ADDRESS: &str = "blocking address";
    /// Text: where the lock was released for which that holder had itself waited
    /// meanwhile, and so on to the last of the chain. Absent when it had not.
    pub const ROOT_BLOCKING_SITE: &str = "root blocking site";
    /// Number: the address of the call in that function.
    pub const ROOT_BLOCKING_ADDRESS: &str = "root blocking address";
    /// Number: the most threads that waited at once for the lock of the row, the
    /// one of the row included.
    pub const QUEUE_MAX: &str = "queue max";
}

/// Values of the label [`label::LOCK_KIND`], those of locks before those of sync waits.
pub const KINDS: [&str; 15] = [
    "mutex",
    "recursive",
    "errorcheck",
    "adaptive",
    "rwlock-read",
    "rwlock-write",
    "spin",
    "semaphore",
    "openmp",
    "cond",
    "barrier",
    "once",
    "join",
    "futex",
    "file",
];

/// Values of the label [`label::RESULT`] that readers tell apart.
pub mod result {
    /// It ran out of time.
    pub const TIMEOUT: &str = "timeout";
    /// A signal handler ran.
    pub const INTERRUPTED: &str = "interrupted";
}

/// Unit of the numeric labels that are durations.
pub const NANOSECONDS: &str = "nanoseconds";
