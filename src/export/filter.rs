//! What the user's filters leave out: decided once for each call, by where it was made.
//!
//! Names are read on our own thread only, many at a time. Records that come before
//! their place is decided make rows as any others; those are taken out again before
//! anybody is told of them.

use contract::options::Place;
use contract::wrapper::is_wrapper;
use rustc_hash::{FxHashMap, FxHashSet};

use super::locks::ORIGIN_FRAMES;
use super::names::Names;
use super::objects::Objects;
use crate::record;

/// Calls that are remembered, and such that are still to be decided; some 16 bytes each.
const CALLS_MAX: usize = 1 << 13;

/// What is known of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Decided {
    /// Whether its place is left out.
    is_left_out: bool,
    /// Whether it merely wraps a call, so that its caller's place counts.
    wraps: bool,
}

/// The user's filters, and what they say of the calls so far.
pub(crate) struct Filter {
    include: &'static [Place],
    exclude: &'static [Place],
    /// By return address.
    decided: FxHashMap<u64, Decided>,
    undecided: FxHashSet<u64>,
    /// How often code had been unloaded when this was learnt.
    unloaded: u32,
    /// Whether records may be older than the last unloading, so that what is decided
    /// now is not to be kept.
    is_stale: bool,
}

impl Filter {
    pub(crate) fn new(include: &'static [Place], exclude: &'static [Place]) -> Self {
        Self {
            include,
            exclude,
            decided: FxHashMap::default(),
            undecided: FxHashSet::default(),
            unloaded: record::unloaded(),
            is_stale: false,
        }
    }

    fn is_set(&self) -> bool {
        !self.include.is_empty() || !self.exclude.is_empty()
    }

    /// The beginning of a drain. Where code was unloaded other code may lie by now.
    pub(crate) fn begin(&mut self) {
        let unloaded = record::unloaded();
        if unloaded != self.unloaded {
            self.unloaded = unloaded;
            self.is_stale = true;
            self.decided.clear();
        }
    }

    /// Whether what happened at this stack is left out, as far as that is decided; if
    /// it is not, it is going to be.
    pub(crate) fn leaves_out(&mut self, stack: &[u64]) -> bool {
        if !self.is_set() {
            return false;
        }
        self.decision(stack).unwrap_or_else(|| {
            let has_room = self.undecided.len() < CALLS_MAX;
            let calls = stack.iter().take(ORIGIN_FRAMES).filter(|_| has_room);
            self.undecided.extend(calls);
            false
        })
    }

    /// The same of a stack that is not to be decided any more.
    pub(crate) fn has_left_out(&self, stack: &[u64]) -> bool {
        self.decision(stack).unwrap_or(false)
    }

    fn decision(&self, stack: &[u64]) -> Option<bool> {
        let mut innermost = None;
        for address in stack.iter().take(ORIGIN_FRAMES) {
            let call = self.decided.get(address)?;
            if !call.wraps {
                return Some(call.is_left_out);
            }
            innermost.get_or_insert(call.is_left_out);
        }
        innermost
    }

    /// Decides what is undecided. Says whether any of it is left out: then some rows
    /// may be.
    pub(crate) fn decide(
        &mut self,
        objects: &Objects,
        names: &mut Names,
        with_symbols: bool,
    ) -> bool {
        if self.undecided.is_empty() {
            return false;
        }
        if self.decided.len() + self.undecided.len() > CALLS_MAX {
            self.decided.clear();
        }
        let addresses = std::mem::take(&mut self.undecided);
        let calls = addresses.iter().map(|&address| address.saturating_sub(1));
        names.look_up(objects, calls, std::iter::empty(), with_symbols);
        let mut any = false;
        for address in addresses {
            let call = self.decided_at(address, objects, names);
            any |= call.is_left_out;
            if call.is_left_out && !call.wraps && !self.is_stale {
                record::leave_out_at(address, self.unloaded);
            }
            self.decided.insert(address, call);
        }
        any
    }

    /// The end of a drain and of what was decided after it.
    pub(crate) fn end(&mut self) {
        if std::mem::take(&mut self.is_stale) {
            self.decided.clear();
        }
    }

    fn decided_at(&self, return_address: u64, objects: &Objects, names: &Names) -> Decided {
        let address = return_address.saturating_sub(1);
        let segment = objects
            .segment_at(address)
            .and_then(|at| objects.segments().get(at));
        let file = segment.and_then(|segment| objects.files().get(segment.file));
        let path = file.map(|file| file.path.as_str());
        let function = names
            .function(address)
            .map(|symbol| names.for_people(symbol));
        let is_in = |places: &[Place]| places.iter().any(|place| place.holds(path, function));
        Decided {
            is_left_out: is_in(self.exclude) || !self.include.is_empty() && !is_in(self.include),
            wraps: function.is_some_and(is_wrapper),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(include: &[Place], exclude: &[Place]) -> Filter {
        Filter::new(include.to_vec().leak(), exclude.to_vec().leak())
    }

    fn known(filter: &mut Filter, address: u64, is_left_out: bool, wraps: bool) {
        filter
            .decided
            .insert(address, Decided { is_left_out, wraps });
    }

    #[test]
    fn the_first_call_that_is_no_wrapper_decides() {
        let mut filter = filter(&[], &[Place::Library("libx".to_owned())]);
        known(&mut filter, 1, true, true);
        known(&mut filter, 2, false, false);
        known(&mut filter, 3, true, false);
        assert!(!filter.leaves_out(&[1, 2, 3]));
        assert!(filter.leaves_out(&[1, 3, 2]));
        assert!(filter.leaves_out(&[3, 9]));
        assert!(filter.leaves_out(&[1, 1]), "nobody but wrappers");
        assert!(filter.undecided.is_empty());
        assert!(!filter.leaves_out(&[1, 9]));
        assert!(filter.undecided.contains(&9));
    }

    #[test]
    fn exclusion_wins_and_nothing_else_is_included() {
        let library = |name: &str| Place::Library(name.to_owned());
        let mut objects = Objects::default();
        let maps = "1000-2000 r-xp 0 fe:00 1 /lib/liba.so\n\
                    2000-3000 r-xp 0 fe:00 2 /lib/libb.so.1\n";
        objects.learn(maps);
        let (a, b, nowhere) = (0x1801, 0x2801, 0x9001);
        for (include, exclude, left_out) in [
            (vec![library("liba")], vec![], [false, true, true]),
            (vec![], vec![library("liba")], [true, false, false]),
            (
                vec![library("liba"), library("libb")],
                vec![library("libb")],
                [false, true, true],
            ),
        ] {
            let mut filter = filter(&include, &exclude);
            for address in [a, b, nowhere] {
                assert!(!filter.leaves_out(&[address]), "not before it is decided");
            }
            assert!(filter.decide(&objects, &mut Names::default(), false));
            assert_eq!(
                [a, b, nowhere].map(|address| filter.leaves_out(&[address])),
                left_out
            );
        }
    }

    #[test]
    fn nothing_is_remembered_without_filters() {
        let mut filter = filter(&[], &[]);
        assert!(!filter.leaves_out(&[1, 2]));
        assert!(filter.undecided.is_empty());
    }
}
