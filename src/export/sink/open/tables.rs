//! The part of a profile's tables that some rows refer to, numbered anew.

use contract::profile::{Function, Line, Location, Mapping, Profile};
use rustc_hash::FxHashMap;

/// Most bytes an entry takes when encoded, without its texts.
const ENTRY_BYTES: usize = 48;

/// Which places without a name get a stand-in for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::export::sink) enum StandIns {
    /// All of them.
    Always,
    /// Those that the store has no way to find a name for: it takes a file in which
    /// anything has a name for one in which everything has, and knows other files by
    /// their build ids.
    WhereNoneIsFound,
}

/// As much of the tables as is needed.
pub(super) struct Tables {
    stand_ins: StandIns,
    /// No rows, times or comments.
    pub(super) profile: Profile,
    mappings: FxHashMap<usize, usize>,
    functions: FxHashMap<usize, usize>,
    locations: FxHashMap<usize, u32>,
    bytes: usize,
}

impl Tables {
    pub(super) fn new(stand_ins: StandIns) -> Self {
        Self {
            stand_ins,
            profile: Profile::default(),
            mappings: FxHashMap::default(),
            functions: FxHashMap::default(),
            locations: FxHashMap::default(),
            bytes: 0,
        }
    }

    /// No fewer bytes than these tables take when encoded.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Here what is this location there.
    pub(super) fn location(&mut self, index: usize, from: &Profile) -> Option<u32> {
        if let Some(known) = self.locations.get(&index) {
            return Some(*known);
        }
        if self.profile.mappings.is_empty() {
            // The first mapping gives a viewer the program's name.
            self.mapping(0, from);
        }
        let there = from.locations.get(index)?;
        let mut lines: Vec<Line> = Vec::with_capacity(there.lines.len());
        for line in &there.lines {
            lines.push(Line {
                function: self.function(line.function, from)?,
                line: line.line,
            });
        }
        if lines.is_empty() {
            lines.extend(self.unnamed(there, from));
        }
        let location = Location {
            address: there.address,
            mapping: there
                .mapping
                .and_then(|mapping| self.mapping(mapping, from)),
            lines,
        };
        self.bytes += ENTRY_BYTES * (1 + location.lines.len());
        let here = u32::try_from(self.profile.locations.len()).ok()?;
        self.profile.locations.push(location);
        self.locations.insert(index, here);
        Some(here)
    }

    /// A stand-in for the name of a place: the same in every process.
    fn unnamed(&mut self, location: &Location, from: &Profile) -> Option<Line> {
        let mapping = location.mapping.and_then(|index| from.mappings.get(index));
        if self.stand_ins == StandIns::WhereNoneIsFound
            && mapping.is_some_and(|mapping| !mapping.has_functions && !mapping.build_id.is_empty())
        {
            return None;
        }
        let name = match mapping {
            Some(mapping) => {
                let file = mapping.file.rsplit('/').next().unwrap_or("");
                let offset = location.address.wrapping_sub(mapping.start);
                format!("{file}+{:#x}", offset.wrapping_add(mapping.file_offset))
            }
            None => "[unknown]".to_owned(),
        };
        let function = Function {
            name,
            ..Function::default()
        };
        let function = self.push(function);
        Some(Line { function, line: 0 })
    }

    fn mapping(&mut self, index: usize, from: &Profile) -> Option<usize> {
        if let Some(known) = self.mappings.get(&index) {
            return Some(*known);
        }
        let mapping: &Mapping = from.mappings.get(index)?;
        self.bytes += 2 * ENTRY_BYTES + mapping.file.len() + mapping.build_id.len();
        self.profile.mappings.push(mapping.clone());
        let here = self.profile.mappings.len() - 1;
        self.mappings.insert(index, here);
        Some(here)
    }

    fn function(&mut self, index: usize, from: &Profile) -> Option<usize> {
        if let Some(known) = self.functions.get(&index) {
            return Some(*known);
        }
        let here = self.push(from.functions.get(index)?.clone());
        self.functions.insert(index, here);
        Some(here)
    }

    fn push(&mut self, function: Function) -> usize {
        let texts = [&function.name, &function.system_name, &function.file];
        self.bytes += 2 * ENTRY_BYTES + texts.map(String::len).iter().sum::<usize>();
        self.profile.functions.push(function);
        self.profile.functions.len() - 1
    }
}
