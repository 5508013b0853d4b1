//! The names of the places in a stack, and which of them is worth showing.

use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use contract::profile::{Line, Location, Profile};
use contract::wrapper;

/// A place in the code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Site {
    /// The function; file and offset where it has no name.
    pub(crate) function: String,
    /// Source file, or empty.
    pub(crate) file: String,
    /// Source line, or 0.
    pub(crate) line: i64,
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.function)?;
        match (self.file.as_str(), self.line) {
            ("", _) => Ok(()),
            (file, 0) => write!(f, " ({})", base(file)),
            (file, line) => write!(f, " ({}:{line})", base(file)),
        }
    }
}

/// The named frames of one profile.
pub(crate) struct Frames<'a> {
    profile: &'a Profile,
    is_wrapper: Vec<bool>,
    sites: HashMap<(usize, usize), Rc<Site>>,
    nowhere: Rc<Site>,
}

impl<'a> Frames<'a> {
    /// Looks at every function once.
    pub(crate) fn new(profile: &'a Profile) -> Self {
        let nowhere = Site {
            function: "[no stack]".to_owned(),
            ..Site::default()
        };
        Self {
            profile,
            is_wrapper: profile
                .functions
                .iter()
                .map(|function| wrapper::is_wrapper(&function.name))
                .collect(),
            sites: HashMap::new(),
            nowhere: Rc::new(nowhere),
        }
    }

    /// The first place of a stack that is not merely a wrapper of a lock call; the
    /// innermost one where all are.
    pub(crate) fn site(&mut self, stack: &[usize]) -> Rc<Site> {
        let Some(shown) = self.shown(stack) else {
            return Rc::clone(&self.nowhere);
        };
        if let Some(site) = self.sites.get(&shown) {
            return Rc::clone(site);
        }
        let site = Rc::new(self.resolve(shown));
        self.sites.insert(shown, Rc::clone(&site));
        site
    }

    /// The functions of a stack from that place outwards; none where no function is known.
    pub(crate) fn outwards(&self, stack: &[usize]) -> impl Iterator<Item = Option<Line>> {
        let shown = self.shown(stack);
        self.each(stack)
            .skip_while(move |frame| Some(*frame) != shown)
            .map(|(location, line)| {
                let location = self.profile.locations.get(location)?;
                location.lines.get(line).copied()
            })
    }

    /// The names of a stack, outermost first.
    pub(crate) fn names(&self, stack: &[usize]) -> Vec<String> {
        let places = self.places(stack).into_iter();
        places.map(|place| place.function).collect()
    }

    /// The places of a stack, wrappers included, outermost first.
    pub(crate) fn places(&self, stack: &[usize]) -> Vec<Site> {
        let mut places: Vec<Site> = self.each(stack).map(|frame| self.resolve(frame)).collect();
        places.reverse();
        places
    }

    /// All functions of a stack, inlined ones too: location, and which of its lines.
    fn each(&self, stack: &[usize]) -> impl Iterator<Item = (usize, usize)> {
        stack.iter().flat_map(|index| {
            let location = self.profile.locations.get(*index);
            let lines = location.map_or(0, |location| location.lines.len());
            (0..lines.max(1)).map(|line| (*index, line))
        })
    }

    fn shown(&self, stack: &[usize]) -> Option<(usize, usize)> {
        let innermost = self.each(stack).next()?;
        let mut frames = self.each(stack);
        Some(
            frames
                .find(|frame| !self.wraps(*frame))
                .unwrap_or(innermost),
        )
    }

    fn wraps(&self, (location, line): (usize, usize)) -> bool {
        self.profile
            .locations
            .get(location)
            .and_then(|location| location.lines.get(line))
            .and_then(|line| self.is_wrapper.get(line.function))
            .is_some_and(|is_wrapper| *is_wrapper)
    }

    fn resolve(&self, (location, line): (usize, usize)) -> Site {
        let Some(location) = self.profile.locations.get(location) else {
            return Site::clone(&self.nowhere);
        };
        let line = location.lines.get(line);
        let function = line.and_then(|line| self.profile.functions.get(line.function));
        let (Some(line), Some(function)) = (line, function) else {
            return self.unnamed(location);
        };
        let name = if function.name.is_empty() {
            &function.system_name
        } else {
            &function.name
        };
        if name.is_empty() {
            return self.unnamed(location);
        }
        Site {
            function: name.clone(),
            file: function.file.clone(),
            line: line.line,
        }
    }

    /// File and offset in it, or the bare address.
    fn unnamed(&self, location: &Location) -> Site {
        let mapping = location
            .mapping
            .and_then(|index| self.profile.mappings.get(index))
            .filter(|mapping| !mapping.file.is_empty());
        let function = match mapping {
            Some(mapping) => {
                let offset = location
                    .address
                    .wrapping_sub(mapping.start)
                    .wrapping_add(mapping.file_offset);
                format!("{}+{offset:#x}", base(&mapping.file))
            }
            None => format!("{:#x}", location.address),
        };
        Site {
            function,
            ..Site::default()
        }
    }
}

/// A path without its folders.
fn base(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, base)| base)
}
