//! The names of the places in a stack, and which of them is worth showing.

use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use contract::profile::{Line, Location, Profile, Sample};
use contract::sample_type::label;
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

/// The places that a row of a profile is about.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// Where it happened.
    pub(crate) site: Rc<Site>,
    /// Where what it waited for was released, or its sync wait ended, if that is known.
    pub(crate) holder: Option<Rc<Site>>,
    /// The end of the chain, where that holder had itself waited elsewhere.
    pub(crate) root: Option<Rc<Site>>,
}

/// The named frames of one profile.
pub(crate) struct Frames<'a> {
    profile: &'a Profile,
    is_wrapper: Vec<bool>,
    sites: HashMap<(usize, usize), Rc<Site>>,
    nowhere: Rc<Site>,
    /// Locations by their addresses, once somebody has asked for one.
    by_address: Option<HashMap<u64, usize>>,
}

impl Site {
    /// What a profile has only a name of.
    pub(crate) fn named(function: &str) -> Self {
        Self {
            function: function.to_owned(),
            ..Self::default()
        }
    }
}

impl<'a> Frames<'a> {
    /// Looks at every function once.
    pub(crate) fn new(profile: &'a Profile) -> Self {
        let nowhere = Site::named("[no stack]");
        Self {
            profile,
            is_wrapper: profile
                .functions
                .iter()
                .map(|function| wrapper::is_wrapper(&function.name))
                .collect(),
            sites: HashMap::new(),
            nowhere: Rc::new(nowhere),
            by_address: None,
        }
    }

    /// What a row of the profile is about.
    pub(crate) fn places(&mut self, sample: &Sample) -> Places {
        let holder = self.blamed(sample, label::BLOCKING_SITE, label::BLOCKING_ADDRESS);
        let root = self.blamed(
            sample,
            label::ROOT_BLOCKING_SITE,
            label::ROOT_BLOCKING_ADDRESS,
        );
        Places {
            site: self.site(&sample.stack),
            root: root.filter(|root| Some(root) != holder.as_ref()),
            holder,
        }
    }

    /// A place that a label names: by its address with line and inlined functions, as the
    /// rows of whoever released have them, where the profile knows that address.
    fn blamed(&mut self, sample: &Sample, site: &str, address: &str) -> Option<Rc<Site>> {
        let name = sample.text(site)?;
        let address = sample.number(address).map(i64::cast_unsigned);
        let location = address.and_then(|address| self.location_at(address));
        Some(match location {
            Some(location) => self.site(&[location]),
            None => Rc::new(Site::named(name)),
        })
    }

    fn location_at(&mut self, address: u64) -> Option<usize> {
        let locations = &self.profile.locations;
        let by_address = self.by_address.get_or_insert_with(|| {
            let all = locations.iter().enumerate();
            all.map(|(index, location)| (location.address, index))
                .collect()
        });
        by_address.get(&address).copied()
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

    /// The places of a stack, outermost first.
    pub(crate) fn sites(&self, stack: &[usize]) -> Vec<Site> {
        let mut sites: Vec<Site> = self.each(stack).map(|frame| self.resolve(frame)).collect();
        sites.reverse();
        sites
    }

    /// Where an empty stack is.
    pub(crate) fn nowhere(&self) -> Site {
        Site::clone(&self.nowhere)
    }

    /// The names of a stack, outermost first.
    pub(crate) fn names(&self, stack: &[usize]) -> Vec<String> {
        let sites = self.sites(stack).into_iter();
        sites.map(|site| site.function).collect()
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
        Site::named(&function)
    }
}

/// A path without its folders.
fn base(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, base)| base)
}
