//! The names of the host's threads.

use rustc_hash::FxHashMap;

use crate::record::Record;

/// Threads whose names are remembered, 40 bytes each and the name: as many as have rows
/// of their own. A program may have millions of them, one after the other.
const THREADS_MAX: usize = 1 << 14;

/// Names by the kernel's id of the thread.
#[derive(Default)]
pub(crate) struct Threads {
    known: FxHashMap<u32, Known>,
}

#[derive(Default)]
struct Known {
    name: String,
    /// Whether it had ended when it was asked last: then it is not asked again.
    has_ended: bool,
}

impl Threads {
    /// Learns the name a record carries: what the thread was called shortly before.
    pub(crate) fn learn(&mut self, record: &Record) {
        let Some(known) = self.entry(record.thread_id) else {
            return;
        };
        known.has_ended = false;
        if record.thread_name != [0; 16] {
            known.name = text(&record.thread_name);
        }
    }

    /// What is known of a thread; none when there are too many.
    fn entry(&mut self, id: u32) -> Option<&mut Known> {
        let has_room = self.known.len() < THREADS_MAX || self.known.contains_key(&id);
        has_room.then(|| self.known.entry(id).or_default())
    }

    /// Asks the kernel what the threads that still live are called now, holders
    /// that were never recorded themselves included.
    pub(crate) fn refresh(&mut self, blockers: impl Iterator<Item = u32>) {
        for blocker in blockers {
            self.entry(blocker);
        }
        for (id, known) in &mut self.known {
            if known.has_ended {
                continue;
            }
            match std::fs::read(format!("/proc/self/task/{id}/comm")) {
                Ok(now) => known.name = String::from_utf8_lossy(&now).trim_end().to_owned(),
                Err(_) => known.has_ended = true,
            }
        }
    }

    /// The name of a thread; none when it had gone before it could be asked.
    pub(crate) fn name(&self, id: u32) -> Option<&str> {
        let known = self.known.get(&id)?;
        Some(known.name.as_str()).filter(|name| !name.is_empty())
    }
}

fn text(padded: &[u8; 16]) -> String {
    let len = padded
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(padded.len());
    String::from_utf8_lossy(padded.get(..len).unwrap_or(&[])).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Kind, Role};

    #[test]
    fn names_are_remembered_of_so_many_threads_and_no_more() {
        let mut threads = Threads::default();
        let named = |id: u32| {
            let mut record = Record::new(Role::Acquire, Kind::Mutex, 0x10);
            record.thread_id = id;
            record.thread_name[0] = b'a';
            record
        };
        let first = 1 << 30;
        let ids = || (first..).take(THREADS_MAX);
        ids().for_each(|id| threads.learn(&named(id)));
        let beyond = first + (1 << 14);
        threads.learn(&named(beyond));
        threads.refresh(std::iter::once(beyond));
        assert!(ids().all(|id| threads.name(id) == Some("a")));
        assert_eq!(threads.name(beyond), None);
        // They all have ended; who is heard of again has come back.
        assert!(threads.known.values().all(|known| known.has_ended));
        threads.learn(&named(first));
        assert_eq!(
            threads
                .known
                .values()
                .filter(|known| !known.has_ended)
                .count(),
            1
        );
    }
}
