//! The part of a profile's tables that some rows refer to, numbered anew.

use contract::profile::{Function, Line, Location, Mapping, Profile};
use rustc_hash::FxHashMap;

/// Most bytes an entry takes when encoded, without its texts.
const ENTRY_BYTES: usize = 48;

/// As much of the tables as is needed.
#[derive(Default)]
pub(super) struct Tables {
    /// No rows, times or comments.
    pub(super) profile: Profile,
    mappings: FxHashMap<usize, usize>,
    functions: FxHashMap<usize, usize>,
    locations: FxHashMap<usize, u32>,
    bytes: usize,
}

impl Tables {
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
        let Location {
            address,
            mapping,
            lines,
        } = from.locations.get(index)?;
        let location = Location {
            address: *address,
            mapping: mapping.and_then(|mapping| self.mapping(mapping, from)),
            lines: lines
                .iter()
                .filter_map(|line| {
                    Some(Line {
                        function: self.function(line.function, from)?,
                        line: line.line,
                    })
                })
                .collect(),
        };
        self.bytes += ENTRY_BYTES * (1 + location.lines.len());
        let here = u32::try_from(self.profile.locations.len()).ok()?;
        self.profile.locations.push(location);
        self.locations.insert(index, here);
        Some(here)
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
        let function: &Function = from.functions.get(index)?;
        let texts = [&function.name, &function.system_name, &function.file];
        self.bytes += 2 * ENTRY_BYTES + texts.map(String::len).iter().sum::<usize>();
        self.profile.functions.push(function.clone());
        let here = self.profile.functions.len() - 1;
        self.functions.insert(index, here);
        Some(here)
    }
}
