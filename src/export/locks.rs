//! What is known about each lock besides its numbers: how it may be called.

use rustc_hash::FxHashMap;

use crate::record::{Record, Role};

/// Locks that are remembered: as many as fit a table of 2¹⁵ places, 65 bytes each.
const LOCKS_MAX: usize = (1 << 15) / 8 * 7;
/// Frames of an origin that are remembered: the innermost ones often merely wrap
/// the call.
pub(crate) const ORIGIN_FRAMES: usize = 4;

/// Return addresses, innermost first, filled up with 0.
pub(crate) type OriginFrames = [u64; ORIGIN_FRAMES];
/// Longest name that is kept.
pub(crate) const NAME_MAX: usize = 200;

/// The best that is known of one lock.
#[derive(Clone, Debug)]
enum Known {
    /// The name the program gave it. (Boxed twice: few have one.)
    Name(Box<Box<str>>),
    /// Where it was initialised.
    Init(OriginFrames),
    /// Where it was first taken, of the acquisitions that were recorded.
    First(OriginFrames),
}

/// How a lock may be called, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin<'a> {
    /// As the program called it.
    Name(&'a str),
    /// By where it was initialised.
    Init(OriginFrames),
    /// By where it was first taken.
    First(OriginFrames),
}

/// All locks that were heard of.
#[derive(Default)]
pub(crate) struct Locks {
    known: FxHashMap<u64, Known>,
}

impl Locks {
    /// Learns from a record. When there are too many locks, new ones are called
    /// by their address; nothing is lost but the better name.
    pub(crate) fn learn(&mut self, record: &Record) {
        let is_known = self.known.contains_key(&record.lock);
        if self.known.len() >= LOCKS_MAX && !is_known {
            return;
        }
        let known = match record.role {
            // Initialised anew: another lock at the same address.
            Role::Init => Known::Init(origin_of(record)),
            Role::Name => Known::Name(Box::new(text_of(record).into())),
            Role::Acquire if !is_known => Known::First(origin_of(record)),
            Role::Acquire | Role::Release => return,
        };
        self.known.insert(record.lock, known);
    }

    /// How a lock that is no named object may be called.
    pub(crate) fn origin(&self, lock: u64) -> Option<Origin<'_>> {
        Some(match self.known.get(&lock)? {
            Known::Name(name) => Origin::Name(name),
            Known::Init(frames) => Origin::Init(*frames),
            Known::First(frames) => Origin::First(*frames),
        })
    }
}

fn origin_of(record: &Record) -> OriginFrames {
    let mut frames = [0; ORIGIN_FRAMES];
    frames
        .iter_mut()
        .zip(record.frames.as_slice())
        .for_each(|(to, from)| *to = *from);
    frames
}

/// The text a naming record carries in place of a stack.
fn text_of(record: &Record) -> String {
    let words = record.frames.as_slice().iter();
    let bytes: Vec<u8> = words.flat_map(|word| word.to_le_bytes()).collect();
    let len = bytes.iter().position(|&byte| byte == 0);
    let len = len.unwrap_or(bytes.len()).min(NAME_MAX);
    String::from_utf8_lossy(bytes.get(..len).unwrap_or(&[])).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Kind;

    fn record(role: Role, frame: u64) -> Record {
        let mut record = Record::new(role, Kind::Mutex, 0x10);
        record.frames = std::iter::once(frame).collect();
        record
    }

    #[test]
    fn the_best_origin_wins_whatever_came_first() {
        let mut locks = Locks::default();
        assert_eq!(locks.origin(0x10), None);
        locks.learn(&record(Role::Acquire, 5));
        locks.learn(&record(Role::Acquire, 6));
        assert_eq!(locks.origin(0x10), Some(Origin::First([5, 0, 0, 0])));
        let name = record(Role::Name, u64::from_le_bytes(*b"shard\0\0\0"));
        locks.learn(&name);
        assert_eq!(locks.origin(0x10), Some(Origin::Name("shard")));
    }

    #[test]
    fn a_lock_initialised_anew_is_another_lock() {
        let mut locks = Locks::default();
        locks.learn(&record(Role::Name, 0x41));
        locks.learn(&record(Role::Init, 9));
        assert_eq!(locks.origin(0x10), Some(Origin::Init([9, 0, 0, 0])));
    }
}
