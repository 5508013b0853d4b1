//! What can be the matter with a lock, each with the numbers that say so.

use super::holders::Meanwhile;

/// What is the matter with a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    Convoy(Convoy),
    LongHolds(LongHolds),
    Readers(Readers),
    Recursive(Recursive),
}

/// Threads queue for it although each has it for a short time only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Convoy {
    pub(crate) wait_mean_ns: u64,
    pub(crate) hold_mean_ns: u64,
    pub(crate) utilisation_millipercent: u64,
    pub(crate) queue_max: Option<u64>,
}

/// Most of the time it is held in one place is in long holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LongHolds {
    pub(crate) holds: u64,
    /// In these holds, of all.
    pub(crate) long_ns: u64,
    pub(crate) hold_ns: u64,
    pub(crate) longest_ns: u64,
    /// A function in their stacks that waits for something else.
    pub(crate) under: Option<String>,
    /// What their holders were seen to do while others waited.
    pub(crate) meanwhile: Option<Meanwhile>,
}

/// Nearly all of the time it is held by functions that, going by their names, only
/// read: they need not keep each other out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Readers {
    pub(crate) reading_ns: u64,
    pub(crate) hold_ns: u64,
    pub(crate) functions: u64,
}

/// It is taken again while it is held, and some holds are far longer than most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recursive {
    pub(crate) acquisitions: u64,
    pub(crate) nested: u64,
    pub(crate) hold_p50_ns: u64,
    pub(crate) hold_max_ns: u64,
}
