//! What is told of a process while it runs: its profile as of now, and who waits.

use std::fs;
use std::io;

use contract::control::Queue;
use contract::options::Symbols;
use flate2::write::GzEncoder;

use super::super::open::{Open, OpenHolds};
use super::super::{build, holders, sink};
use super::{Process, Times};
use crate::record::Waiting;
use crate::{export, sys};

impl Process {
    /// Everything so far, as the file has it.
    pub(crate) fn snapshot(&mut self) -> io::Result<Vec<u8>> {
        self.drain();
        self.decide();
        self.aggregate.settle(true);
        self.look_up_names();
        let mut encoder: sink::Gzipped = sink::encoder();
        let mut tables = self.tables(|_, sample, tables| {
            // Writing to memory cannot fail.
            let _ = encoder.add(sample, tables.locations.len());
        });
        Times::of_all(sys::monotonic_ns()).put_on(&mut tables);
        encoder.finish(&tables).and_then(GzEncoder::finish)
    }

    /// Who waits now, by what a look showed.
    pub(crate) fn queues(&mut self, waiting: &[Waiting], now_ns: u64) -> Vec<Queue> {
        self.drain();
        self.objects.refresh();
        let open = self.open.sorted();
        let addresses = waiting.iter().map(|waiting| waiting.lock);
        let taken = open.iter().flat_map(|open| open.frames);
        let code = taken.filter(|&address| address != 0);
        let code = code.map(|address| address - 1);
        let with_symbols = self.config.options.symbols == Symbols::Symtab;
        self.names
            .look_up(&self.objects, code, addresses, with_symbols);
        let sources = self.sources();
        let queue = |waiting: &Waiting| {
            let lock = self.locks.lock_at(waiting.lock);
            let holder = holders::owner(waiting);
            let is_theirs = |thread| holder == 0 || holder == thread;
            let of_lock = |open: &&Open| open.lock == lock && is_theirs(open.thread);
            let open = open.iter().find(of_lock);
            let holder = open.map_or(holder, |open| open.thread);
            Queue {
                kind: build::kind_name(waiting.kind).to_owned(),
                waiting: waiting.queue,
                waited_ns: waiting.mean_ns,
                holder,
                holder_name: thread_name(holder),
                ..build::queue(&sources, lock, open, now_ns)
            }
        };
        waiting.iter().map(queue).collect()
    }

    /// Looks at who holds locks that others wait for, when it is time to.
    pub(crate) fn look_at_holders(&mut self) {
        let now_ns = sys::monotonic_ns();
        if self.holders.is_due(now_ns) {
            let Self { holders, locks, .. } = self;
            holders.look(&export::waiting(now_ns), now_ns, |address| {
                locks.lock_at(address)
            });
        }
    }

    /// Profiling was switched off: what is held now is released unseen.
    pub(crate) fn forget_open_holds(&mut self) {
        self.drain();
        self.open = OpenHolds::default();
    }
}

/// What a thread is called; empty when there is none with this id.
fn thread_name(id: u32) -> String {
    let name = fs::read(format!("/proc/self/task/{id}/comm")).unwrap_or_default();
    String::from_utf8_lossy(&name).trim_end().to_owned()
}
