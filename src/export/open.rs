//! Sampled locks that are held when a profile is made: acquisitions without a release.

use rustc_hash::FxHashMap;

use crate::record::{Record, Role};

/// Holds that are followed; 80 bytes each.
const OPEN_MAX: usize = 1792;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Open {
    /// The lock.
    pub(crate) lock: u64,
    /// The kernel's id of the thread that took it.
    pub(crate) thread: u32,
    /// Monotonic clock.
    pub(crate) since_ns: u64,
    /// How many acquisitions it stands for.
    pub(crate) weight: f64,
    /// Return addresses of the acquisition, innermost first.
    pub(crate) frames: super::locks::OriginFrames,
}

/// All of them, by lock and thread.
#[derive(Default)]
pub(crate) struct OpenHolds {
    holds: FxHashMap<(u64, u32), Open>,
}

impl OpenHolds {
    /// Learns from a record; only the outermost acquisition of a recursive mutex counts.
    pub(crate) fn learn(&mut self, record: &Record, lock: u64) {
        let key = (lock, record.thread_id);
        let is_hold =
            record.weight > 0.0 && record.error == 0 && record.depth == 1 && record.since_ns != 0;
        match record.role {
            Role::Acquire if is_hold && self.holds.len() < OPEN_MAX => {
                let open = Open {
                    lock,
                    thread: record.thread_id,
                    since_ns: record.since_ns,
                    weight: record.weight,
                    frames: super::locks::origin_of(record),
                };
                self.holds.insert(key, open);
            }
            Role::Release if record.depth == 1 => {
                self.holds.remove(&key);
            }
            // Taken back.
            Role::Acquire if record.weight < 0.0 => {
                self.holds.remove(&key);
            }
            _ => {}
        }
    }

    /// A lock is gone: another one was initialised in its place.
    pub(crate) fn forget(&mut self, lock: u64) {
        self.holds.retain(|(of, _), _| *of != lock);
    }

    /// Forgets those that were taken at such stacks.
    pub(crate) fn leave_out(&mut self, is_left_out: impl Fn(&[u64]) -> bool) {
        self.holds.retain(|_, open| {
            let len = open.frames.iter().position(|&address| address == 0);
            let stack = open.frames.get(..len.unwrap_or(open.frames.len()));
            !stack.is_some_and(&is_left_out)
        });
    }

    /// The oldest first.
    pub(crate) fn sorted(&self) -> Vec<Open> {
        let mut holds: Vec<_> = self.holds.values().copied().collect();
        holds.sort_unstable_by_key(|open| (open.since_ns, open.lock));
        holds
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Kind;

    fn record(role: Role, thread_id: u32, since_ns: u64) -> Record {
        let mut record = Record::new(role, Kind::Mutex, 0x10);
        record.thread_id = thread_id;
        record.since_ns = since_ns;
        record.weight = 100.0;
        record
    }

    #[test]
    fn what_was_taken_and_not_released_is_open() {
        let mut holds = OpenHolds::default();
        holds.learn(&record(Role::Acquire, 1, 50), 0x10);
        holds.learn(&record(Role::Acquire, 2, 40), 0x20);
        let mut nested = record(Role::Release, 1, 0);
        nested.depth = 2;
        holds.learn(&nested, 0x10);
        let open: Vec<_> = holds.sorted().iter().map(|open| open.thread).collect();
        assert_eq!(open, [2, 1]);
        let mut over = record(Role::Release, 1, 0);
        over.weight = 0.0;
        holds.learn(&over, 0x10);
        holds.forget(0x20);
        assert_eq!(holds.sorted(), []);
    }
}
