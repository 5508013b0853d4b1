//! What was found out about addresses, put into a profile.

use std::collections::HashMap;

use contract::demangle::demangle;
use contract::profile::{Function, Line, Location, Profile};

use super::dwarf::Frame;

/// What was found out about one profile.
#[derive(Debug, Default)]
pub(super) struct Answers<'a> {
    /// The functions of each location, innermost first; empty where nothing is known.
    pub(super) frames: Vec<&'a [Frame]>,
    /// Mappings whose debug information was read.
    pub(super) read: Vec<bool>,
}

/// Puts it into the profile; returns whether that changed anything. Where nothing is
/// known, what the profile has stays.
pub(super) fn apply(profile: &mut Profile, answers: &Answers<'_>) -> bool {
    if answers.frames.iter().all(|frames| frames.is_empty()) {
        return false;
    }
    let mut table = Table::new(answers);
    let mut locations = Vec::with_capacity(profile.locations.len());
    for (index, location) in profile.locations.iter().enumerate() {
        let frames = answers.frames.get(index).copied().unwrap_or_default();
        let mut location = location.clone();
        location.lines = if frames.is_empty() {
            table.kept(&location, profile)
        } else {
            table.lines(frames, &location, profile)
        };
        locations.push(location);
    }
    let mut mappings = profile.mappings.clone();
    for location in &locations {
        let mapping = location.mapping.and_then(|index| mappings.get_mut(index));
        if let Some(mapping) = mapping {
            mapping.has_functions |= !location.lines.is_empty();
        }
    }
    for (mapping, _) in mappings
        .iter_mut()
        .zip(&answers.read)
        .filter(|(_, read)| **read)
    {
        mapping.has_filenames = true;
        mapping.has_line_numbers = true;
        mapping.has_inline_frames = true;
    }
    let is_changed = mappings != profile.mappings
        || locations != profile.locations
        || table.functions != profile.functions;
    profile.mappings = mappings;
    profile.locations = locations;
    profile.functions = table.functions;
    is_changed
}

/// The functions of a profile while it is made anew: those nothing refers to any more
/// are left out.
struct Table<'a> {
    functions: Vec<Function>,
    known: HashMap<Function, usize>,
    /// First lines: only where a function is not inlined it says where it begins.
    starts: HashMap<(&'a str, &'a str), u32>,
}

impl<'a> Table<'a> {
    fn new(answers: &Answers<'a>) -> Self {
        let mut starts = HashMap::new();
        for frame in answers.frames.iter().copied().flatten() {
            if frame.start_line != 0 {
                let of = (frame.symbol.as_str(), frame.file.as_str());
                let start = starts.entry(of).or_insert(frame.start_line);
                *start = frame.start_line.min(*start);
            }
        }
        Self {
            functions: Vec::new(),
            known: HashMap::new(),
            starts,
        }
    }

    fn index(&mut self, function: Function) -> usize {
        if let Some(index) = self.known.get(&function) {
            return *index;
        }
        self.functions.push(function.clone());
        let index = self.functions.len() - 1;
        self.known.insert(function, index);
        index
    }

    /// The lines that a location has already.
    fn kept(&mut self, location: &Location, profile: &Profile) -> Vec<Line> {
        let known = |line: &Line| Some((line.line, profile.functions.get(line.function)?.clone()));
        let lines = location.lines.iter().filter_map(known);
        lines
            .map(|(line, function)| Line {
                function: self.index(function),
                line,
            })
            .collect()
    }

    fn lines(&mut self, frames: &[Frame], location: &Location, profile: &Profile) -> Vec<Line> {
        let named = location.lines.last();
        let named = named.and_then(|line| profile.functions.get(line.function));
        let mut lines = Vec::with_capacity(frames.len());
        for (index, frame) in frames.iter().enumerate() {
            let outermost = named.filter(|_| index + 1 == frames.len());
            let (name, system_name) = names(frame, outermost);
            let start = self
                .starts
                .get(&(frame.symbol.as_str(), frame.file.as_str()));
            let function = Function {
                name,
                system_name,
                file: frame.file.clone(),
                start_line: start.copied().unwrap_or(0).into(),
            };
            lines.push(Line {
                function: self.index(function),
                line: frame.line.into(),
            });
        }
        lines
    }
}

/// The name for people and that for the linker.
fn names(frame: &Frame, named: Option<&Function>) -> (String, String) {
    match named.filter(|named| is_better(&named.system_name, &frame.symbol)) {
        Some(named) => (named.name.clone(), named.system_name.clone()),
        None => (demangle(&frame.symbol), frame.symbol.clone()),
    }
}

/// Whether a symbol table says more of a function than debug information does, which leaves the
/// scope out of names that only one file knows.
pub(super) fn is_better(of_table: &str, of_debug: &str) -> bool {
    let is_mangled = |symbol: &str| symbol.starts_with("_Z") || symbol.starts_with("_R");
    of_debug.is_empty() || is_mangled(of_table) && !is_mangled(of_debug)
}
