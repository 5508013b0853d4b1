//! The names of the host's threads.

use std::{fs, io};

use rustc_hash::FxHashMap;

use crate::record::Record;

/// Threads that are remembered: as many as rows tell apart. Whoever comes later has a
/// number instead of a name.
const NAMES_MAX: usize = 1 << 14;

/// Names by the kernel's id of the thread.
#[derive(Default)]
pub(crate) struct Threads {
    names: FxHashMap<u32, Name>,
}

#[derive(Default)]
struct Name {
    text: String,
    /// Nobody has to ask again: a program may have had thousands of threads.
    is_gone: bool,
}

impl Threads {
    /// Learns the name a record carries: what the thread was called shortly before.
    pub(crate) fn learn(&mut self, record: &Record) {
        let Some(name) = self.entry(record.thread_id) else {
            return;
        };
        // The kernel gives numbers out again.
        name.is_gone = false;
        if record.thread_name != [0; 16] {
            name.text = text(&record.thread_name);
        }
    }

    /// Asks the kernel what the threads that still live are called now, holders
    /// that were never recorded themselves included.
    pub(crate) fn refresh(&mut self, blockers: impl Iterator<Item = u32>) {
        for blocker in blockers {
            self.entry(blocker);
        }
        for (id, name) in self.names.iter_mut().filter(|(_, name)| !name.is_gone) {
            match fs::read(format!("/proc/self/task/{id}/comm")) {
                Ok(now) => String::from_utf8_lossy(&now)
                    .trim_end()
                    .clone_into(&mut name.text),
                Err(error) => name.is_gone = is_of_nobody(&error),
            }
        }
    }

    /// Where the name of a thread is kept; none when there are too many.
    fn entry(&mut self, id: u32) -> Option<&mut Name> {
        if self.names.len() >= NAMES_MAX && !self.names.contains_key(&id) {
            return None;
        }
        Some(self.names.entry(id).or_default())
    }

    /// The name of a thread; none when it had gone before it could be asked.
    pub(crate) fn name(&self, id: u32) -> Option<&str> {
        self.names
            .get(&id)
            .map(|name| name.text.as_str())
            .filter(|text| !text.is_empty())
    }
}

/// Whether that is said of a thread that has ended, and not of a system that is short of
/// something.
fn is_of_nobody(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(libc::ESRCH)
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

    fn record(thread_id: u32, name: &[u8]) -> Record {
        let mut record = Record::new(Role::Acquire, Kind::Mutex, 0x10);
        record.thread_id = thread_id;
        record
            .thread_name
            .iter_mut()
            .zip(name)
            .for_each(|(to, from)| *to = *from);
        record
    }

    #[test]
    fn a_thread_that_is_gone_is_asked_for_no_more_until_it_is_heard_of_again() {
        // No thread has this number: it is beyond the kernel's largest.
        const GONE: u32 = 1 << 30;
        let mut threads = Threads::default();
        threads.learn(&record(GONE, b"Worker"));
        threads.refresh(std::iter::empty());
        assert!(threads.names[&GONE].is_gone);
        assert_eq!(threads.name(GONE), Some("Worker"));
        threads.learn(&record(GONE, b""));
        assert!(!threads.names[&GONE].is_gone);
        assert_eq!(threads.name(GONE), Some("Worker"));
    }

    #[test]
    fn a_program_with_ever_new_threads_has_a_bounded_number_of_names() {
        let mut threads = Threads::default();
        for id in 1..=u32::try_from(NAMES_MAX).unwrap() + 10 {
            threads.learn(&record(id + (1 << 30), b"Short"));
        }
        threads.refresh([7].into_iter());
        assert_eq!(threads.names.len(), NAMES_MAX);
        // Whoever is known goes on to be.
        threads.learn(&record(1 + (1 << 30), b"Long"));
        assert_eq!(threads.name(1 + (1 << 30)), Some("Long"));
        assert_eq!(threads.name(7), None);
    }
}
