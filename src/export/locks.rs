//! What is known about each lock besides its numbers: how it may be called.

use rustc_hash::FxHashMap;

use super::files;
use crate::record::{Kind, Record, Role};

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
    /// Where it, no lock, was first waited for.
    Waited(OriginFrames),
}

impl Known {
    /// Whether a lock initialised there may be the same as before: the call and its
    /// caller are, since the innermost may be a wrapper.
    fn is_same_place(&self, init: &Self) -> bool {
        match (self, init) {
            (Self::Init(before), Self::Init(now)) => {
                before.iter().zip(now).take(2).all(|(a, b)| a == b)
            }
            // A name is given, and a first acquisition seen, after the lock was
            // initialised.
            _ => false,
        }
    }
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
    /// By where it, no lock, was first waited for.
    Waited(OriginFrames),
}

/// All locks that were heard of.
///
/// A lock is known by its address and, since memory is used again, by how often
/// another one was initialised there, in the 16 bits no address has: from the
/// second place of initialisation on. (Who initialises a mutex on the stack in
/// every call makes one lock of it, not thousands.)
#[derive(Default)]
pub(crate) struct Locks {
    known: FxHashMap<u64, Known>,
    /// The lock at an address; absent when it is the first one there.
    latest: FxHashMap<u64, u64>,
}

const ADDRESS_BITS: u32 = 48;
/// Different locks at one address that are told apart.
const GENERATIONS_MAX: u64 = 64;

/// The address of a lock.
pub(crate) fn address_of(lock: u64) -> u64 {
    lock & ((1 << ADDRESS_BITS) - 1)
}

/// How many other locks were at its address before it.
pub(crate) fn generation_of(lock: u64) -> u64 {
    lock >> ADDRESS_BITS
}

impl Locks {
    /// Learns from a record; says which lock it is about. When there are too many
    /// locks, new ones are called by their address; nothing is lost but the better
    /// name.
    pub(crate) fn learn(&mut self, record: &Record) -> u64 {
        let mut lock = self.lock_at(record.lock);
        let known = self.known.get(&lock);
        let learnt = match record.role {
            Role::Init => {
                let origin = Known::Init(origin_of(record));
                if known.is_some_and(|known| !known.is_same_place(&origin)) {
                    lock = self.next_at(lock);
                }
                origin
            }
            Role::Name => {
                let name = text_of(record);
                if name.is_empty() {
                    // Who gives it none takes it away.
                    if matches!(known, Some(Known::Name(_))) {
                        self.known.remove(&lock);
                    }
                    return lock;
                }
                Known::Name(Box::new(name.into()))
            }
            Role::Sync if known.is_some() => return lock,
            Role::Sync if record.kind == Kind::File => {
                let name = record.file().map(files::name_of).unwrap_or_default();
                Known::Name(Box::new(name.into()))
            }
            Role::Acquire if known.is_none() => Known::First(origin_of(record)),
            // A thread whose end is waited for has no name of this sort.
            Role::Sync if record.kind != Kind::Join => Known::Waited(origin_of(record)),
            Role::Acquire | Role::Release | Role::Sync | Role::Wake => return lock,
        };
        if self.known.len() < LOCKS_MAX || self.known.contains_key(&lock) {
            self.known.insert(lock, learnt);
        }
        lock
    }

    /// The lock that is at an address now.
    pub(crate) fn lock_at(&self, address: u64) -> u64 {
        self.latest.get(&address).copied().unwrap_or(address)
    }

    /// Another lock at the address of this one.
    fn next_at(&mut self, lock: u64) -> u64 {
        let address = address_of(lock);
        let is_new = !self.latest.contains_key(&address);
        if generation_of(lock) + 1 >= GENERATIONS_MAX || is_new && self.latest.len() >= LOCKS_MAX {
            return lock;
        }
        let next = lock + (1 << ADDRESS_BITS);
        self.latest.insert(address, next);
        next
    }

    /// How a lock that is no named object may be called.
    pub(crate) fn origin(&self, lock: u64) -> Option<Origin<'_>> {
        Some(match self.known.get(&lock)? {
            Known::Name(name) => Origin::Name(name),
            Known::Init(frames) => Origin::Init(*frames),
            Known::First(frames) => Origin::First(*frames),
            Known::Waited(frames) => Origin::Waited(*frames),
        })
    }
}

/// The innermost frames of a record.
pub(crate) fn origin_of(record: &Record) -> OriginFrames {
    let mut frames = [0; ORIGIN_FRAMES];
    frames
        .iter_mut()
        .zip(record.frames.as_slice())
        .for_each(|(to, from)| *to = *from);
    frames
}

/// The text a naming record carries in place of a stack. A character that is cut in
/// two by its end is left out.
fn text_of(record: &Record) -> String {
    let words = record.frames.as_slice().iter();
    let bytes: Vec<u8> = words.flat_map(|word| word.to_le_bytes()).collect();
    let len = bytes.iter().position(|&byte| byte == 0);
    let len = len.unwrap_or(bytes.len());
    let kept = bytes.get(..len.min(NAME_MAX)).unwrap_or(&[]);
    let whole = match std::str::from_utf8(kept) {
        Err(error) if len > NAME_MAX && error.error_len().is_none() => error.valid_up_to(),
        _ => kept.len(),
    };
    String::from_utf8_lossy(kept.get(..whole).unwrap_or(&[])).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn memory_used_again_by_another_lock_is_another_lock() {
        let mut locks = Locks::default();
        assert_eq!(locks.learn(&record(Role::Init, 9)), 0x10);
        assert_eq!(locks.learn(&record(Role::Acquire, 5)), 0x10);
        // At the same place, as on the stack of a function that is called again.
        assert_eq!(locks.learn(&record(Role::Init, 9)), 0x10);
        let other = locks.learn(&record(Role::Init, 7));
        assert_eq!((address_of(other), generation_of(other)), (0x10, 1));
        assert_eq!(locks.lock_at(0x10), other);
        assert_eq!(locks.learn(&record(Role::Release, 5)), other);
        assert_eq!(locks.origin(0x10), Some(Origin::Init([9, 0, 0, 0])));
        assert_eq!(locks.origin(other), Some(Origin::Init([7, 0, 0, 0])));
    }

    #[test]
    fn a_long_name_ends_with_a_whole_character_and_an_empty_one_is_none() {
        let mut locks = Locks::default();
        locks.learn(&record(Role::Acquire, 5));
        let mut named = record(Role::Name, 0);
        // Of two bytes each, from an odd place on.
        let text = format!("a{}", "é".repeat(150));
        named.frames = text.as_bytes().chunks(8).map(word).collect();
        locks.learn(&named);
        let name = format!("a{}", "é".repeat(99));
        assert_eq!(locks.origin(0x10), Some(Origin::Name(&name)));
        locks.learn(&record(Role::Name, 0));
        assert_eq!(locks.origin(0x10), None);
        locks.learn(&record(Role::Init, 9));
        locks.learn(&record(Role::Name, 0));
        assert_eq!(locks.origin(0x10), Some(Origin::Init([9, 0, 0, 0])));
    }

    fn word(bytes: &[u8]) -> u64 {
        bytes
            .iter()
            .rev()
            .fold(0, |word, byte| word << 8 | u64::from(*byte))
    }

    #[test]
    fn a_name_ends_with_the_lock_that_had_it() {
        let mut locks = Locks::default();
        locks.learn(&record(Role::Name, 0x41));
        let other = locks.learn(&record(Role::Init, 9));
        assert_eq!(locks.origin(0x10), Some(Origin::Name("A")));
        assert_eq!(locks.origin(other), Some(Origin::Init([9, 0, 0, 0])));
    }
}
