//! The names of the host's threads.

use rustc_hash::FxHashMap;

use crate::record::Record;

/// Names by the kernel's id of the thread.
#[derive(Default)]
pub(crate) struct Threads {
    names: FxHashMap<u32, String>,
}

impl Threads {
    /// Learns the name a record carries: what the thread was called shortly before.
    pub(crate) fn learn(&mut self, record: &Record) {
        let name = self.names.entry(record.thread_id).or_default();
        if record.thread_name != [0; 16] {
            *name = text(&record.thread_name);
        }
    }

    /// Asks the kernel what the threads that still live are called now, holders
    /// that were never recorded themselves included.
    pub(crate) fn refresh(&mut self, blockers: impl Iterator<Item = u32>) {
        for blocker in blockers {
            self.names.entry(blocker).or_default();
        }
        for (id, name) in &mut self.names {
            if let Ok(now) = std::fs::read(format!("/proc/self/task/{id}/comm")) {
                *name = String::from_utf8_lossy(&now).trim_end().to_owned();
            }
        }
    }

    /// The name of a thread; none when it had gone before it could be asked.
    pub(crate) fn name(&self, id: u32) -> Option<&str> {
        self.names
            .get(&id)
            .map(String::as_str)
            .filter(|text| !text.is_empty())
    }
}

fn text(padded: &[u8; 16]) -> String {
    let len = padded
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(padded.len());
    String::from_utf8_lossy(padded.get(..len).unwrap_or(&[])).into_owned()
}
