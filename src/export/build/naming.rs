//! What locks, places, kinds and failures are called.

use contract::sample_type::result;
use contract::wrapper::is_wrapper;

use super::super::aggregate::{Key, OTHER_LOCKS};
use super::super::locks::{ORIGIN_FRAMES, Origin, address_of, generation_of};
use super::{Builder, Sources};
use crate::record::{Kind, UNNAMED_CRITICAL};

/// What is called so in place of a name: everything there was no room for.
pub(super) const OTHERS: &str = "[others]";
/// What all threads are called whose end was waited for.
const JOINED: &str = "[threads]";

/// OpenMP's critical section without a name.
const CRITICAL: &str = "critical";

/// A critical section of OpenMP, as it is written, if that is what compilers have made
/// this symbol of.
fn critical_section(symbol: &str) -> Option<String> {
    let name = symbol.strip_prefix(".gomp_critical_user_")?;
    // LLVM's have this behind the name, and nothing before it where there is none.
    match name.strip_suffix(".var").unwrap_or(name) {
        "" => Some(CRITICAL.to_owned()),
        name => Some(format!("{CRITICAL}({name})")),
    }
}

impl Builder<'_> {
    /// The name of what a row is about.
    pub(super) fn name_of(&self, key: &Key) -> String {
        // Threads are told apart by their address, which says who each was.
        if key.kind == Kind::Join {
            JOINED.to_owned()
        } else {
            self.lock_name(key.lock)
        }
    }

    /// The best name: given by the program; the static object it is, or is in;
    /// where it was initialised; which byte of which file it is; where it was
    /// first taken; its address.
    pub(super) fn lock_name(&self, lock: u64) -> String {
        let Sources { locks, names, .. } = self.sources;
        if lock == OTHER_LOCKS {
            return OTHERS.to_owned();
        }
        if lock == UNNAMED_CRITICAL {
            return CRITICAL.to_owned();
        }
        let origin = locks.origin(lock);
        if let Some(Origin::Name(name)) = origin {
            return name.to_owned();
        }
        if let Some(object) = names.object(address_of(lock)) {
            let name = names.for_people(&object.symbol);
            if let Some(section) = critical_section(name) {
                return section;
            }
            return if object.offset == 0 {
                name.to_owned()
            } else {
                format!("{name}+{:#x}", object.offset)
            };
        }
        if let Some(Origin::Init(frames)) = origin {
            return format!("{} (init)", self.place(&frames));
        }
        if let Some(data) = self.place_in_file(address_of(lock)) {
            return data;
        }
        match origin {
            Some(Origin::First(frames)) => format!("{} (first lock)", self.place(&frames)),
            Some(Origin::Waited(frames)) => format!("{} (first wait)", self.place(&frames)),
            _ => lock_text(lock),
        }
    }

    /// The innermost function that does more than wrap a call, or the place of
    /// the call in its file.
    pub(super) fn place(&self, frames: &[u64]) -> String {
        self.place_at(self.call_in(frames))
    }

    /// The address of the call in the innermost function that does more than wrap one; of
    /// the innermost call where none has a name; 0 of none.
    pub(super) fn call_in(&self, frames: &[u64]) -> u64 {
        let names = self.sources.names;
        let calls = || {
            frames
                .iter()
                .take(ORIGIN_FRAMES)
                .filter(|&&address| address != 0 && !self.is_ours(address))
                .map(|address| address - 1)
        };
        let name = |address| {
            names
                .function(address)
                .map(|symbol| names.for_people(symbol))
        };
        let named = calls().map_while(|address| Some((address, name(address)?)));
        let found = { named }.find(|(_, name)| !is_wrapper(name));
        found.map_or_else(|| calls().next().unwrap_or(0), |(address, _)| address)
    }

    /// The function with this call in it, or the place of the call in its file.
    pub(super) fn place_at(&self, call: u64) -> String {
        let names = self.sources.names;
        if let Some(symbol) = names.function(call) {
            return names.for_people(symbol).to_owned();
        }
        self.place_in_file(call)
            .unwrap_or_else(|| format!("{call:#x}"))
    }

    /// Whether this is code of ours: a call that one of the host's libraries makes while we
    /// call it may come back to us.
    pub(super) fn is_ours(&self, return_address: u64) -> bool {
        let file = self.sources.objects.file_at(return_address);
        file.is_some() && file == self.own_file
    }

    /// `file+0x…`: the same in every run, unlike the address.
    fn place_in_file(&self, address: u64) -> Option<String> {
        let objects = self.sources.objects;
        let file = objects.files().get(objects.file_at(address)?)?;
        let name = file.path.rsplit('/').next()?;
        Some(format!("{name}+{:#x}", address - file.start))
    }
}

/// The address of a lock, and the number of the lock there when it is not the first.
pub(super) fn lock_text(lock: u64) -> String {
    let address = address_of(lock);
    match generation_of(lock) {
        0 => format!("{address:#x}"),
        before => format!("{address:#x}#{}", before + 1),
    }
}

/// The word for a kind.
pub(crate) fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Mutex => "mutex",
        Kind::Recursive => "recursive",
        Kind::ErrorCheck => "errorcheck",
        Kind::Adaptive => "adaptive",
        Kind::RwlockRead => "rwlock-read",
        Kind::RwlockWrite => "rwlock-write",
        Kind::Spin => "spin",
        Kind::Semaphore => "semaphore",
        Kind::OpenMp => "openmp",
        Kind::Cond => "cond",
        Kind::Barrier => "barrier",
        Kind::Once => "once",
        Kind::Join => "join",
        Kind::Futex => "futex",
        Kind::File => "file",
    }
}

pub(super) fn result_name(error: i32) -> String {
    match error {
        libc::EBUSY => "busy".to_owned(),
        libc::ETIMEDOUT => result::TIMEOUT.to_owned(),
        libc::EINTR => result::INTERRUPTED.to_owned(),
        libc::EDEADLK => "deadlock".to_owned(),
        libc::EAGAIN => "too deep".to_owned(),
        libc::EINVAL => "invalid".to_owned(),
        libc::ENOTRECOVERABLE => "not recoverable".to_owned(),
        error => format!("error {error}"),
    }
}

#[cfg(test)]
mod tests {
    use contract::sample_type;

    use super::*;
    use crate::record::KINDS;

    #[test]
    fn readers_know_every_kind_by_its_word() {
        assert_eq!(KINDS.map(kind_name), sample_type::KINDS);
    }
}
