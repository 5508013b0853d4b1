//! Lines and inlined functions for the addresses in profiles, from debug information.
//!
//! All profiles of a run are done together, so that a file that several of them name is
//! read once.

mod apply;
mod debuginfod;
mod dwarf;
mod locate;
#[cfg(test)]
mod nonsense;
mod object_file;
mod outcome;
mod parallel;
mod places;
pub(crate) mod reader;
mod split;
mod symbols;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::env;
use std::path::PathBuf;

use contract::profile::{Location, Profile};

use apply::{Answers, is_better};
use dwarf::{DebugFile, Frame};
use locate::{Found, Loaded};
use object_file::Place;
use places::Places;

pub(crate) use locate::Sources;
pub(crate) use outcome::Outcome;

/// Names folders with debug information, separated by colons.
const FOLDERS: &str = "LOCKPROF_DEBUG_DIRS";
/// Debug information of at least this size is read by several threads at once. Each of
/// them reads the table of all units again.
const LARGE_BYTES: u64 = 16 << 20;
/// Fewer addresses are not worth another thread.
const FEW_ADDRESSES: usize = 8;

/// Hears what is being done, and how much of it is done of how much.
pub(crate) type Tell<'a> = &'a mut dyn FnMut(&'static str, usize, usize);

impl Sources {
    /// Those of this machine and its environment, and before them these folders.
    pub(crate) fn new(folders: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut places: Vec<PathBuf> = folders.into_iter().collect();
        if let Some(more) = env::var_os(FOLDERS) {
            places.extend(env::split_paths(&more).filter(|path| !path.as_os_str().is_empty()));
        }
        places.push(places::SYSTEM.into());
        Self {
            places: Places(places),
            servers: debuginfod::Servers::from_environment(),
        }
    }
}

/// Adds lines and inlined functions to profiles, wherever they are known.
pub(crate) fn symbolize(
    profiles: &mut [&mut Profile],
    sources: &Sources,
    tell: Tell<'_>,
) -> Outcome {
    let questions = Questions::of(profiles);
    let files: Vec<(&Loaded, &Asked)> = questions.0.iter().collect();
    let found = parallel::map(
        &files,
        |(loaded, asked)| sources.find(loaded, asked.end_ns),
        |done| tell("looking for debug information", done, files.len()),
    );
    let found: Vec<Found> = found.into_iter().map(Option::unwrap_or_default).collect();
    let jobs = jobs(&files, &found);
    let read = parallel::map(&jobs, Job::carry_out, |done| {
        tell("reading debug information", done, jobs.len());
    });
    let mut known = Known::default();
    let mut outcome = Outcome::new(files.iter().zip(&found));
    for (job, read) in jobs.iter().zip(read) {
        let Some((loaded, _)) = files.get(job.file) else {
            continue;
        };
        match read.unwrap_or_else(|| Err(job.damage("it cannot be read"))) {
            Ok(frames) => {
                if let Some(complaint) = frames.lacks {
                    outcome.complain(complaint);
                }
                known.add(loaded, job, frames.all);
            }
            Err(complaint) => outcome.complain(complaint),
        }
    }
    for profile in profiles {
        let answers = known.answers(profile);
        outcome.changed.push(apply::apply(profile, &answers));
    }
    outcome.count(questions.0.iter().map(|(loaded, asked)| {
        let with_lines = known.frames.get(loaded).map_or(0, Of::with_lines);
        (asked.places.len(), with_lines)
    }));
    outcome
}

/// What is to be found out, by file.
struct Questions(BTreeMap<Loaded, Asked>);

/// What is to be found out about one file.
#[derive(Default)]
struct Asked {
    places: BTreeSet<Place>,
    /// Those that have no name at all.
    unnamed: BTreeSet<Place>,
    /// When the last profile ended that names the file.
    end_ns: i64,
}

impl Questions {
    fn of(profiles: &[&mut Profile]) -> Self {
        let mut all: BTreeMap<Loaded, Asked> = BTreeMap::new();
        for profile in profiles {
            let end_ns = profile.start_unix_ns.saturating_add(profile.duration_ns);
            for location in &profile.locations {
                let Some((loaded, place)) = place(profile, location) else {
                    continue;
                };
                let asked = all.entry(loaded).or_default();
                asked.places.insert(place);
                asked.end_ns = asked.end_ns.max(end_ns);
                if location.lines.is_empty() {
                    asked.unnamed.insert(place);
                }
            }
        }
        Self(all)
    }
}

/// The file and the place in it that a location is about; none outside of files.
fn place(profile: &Profile, location: &Location) -> Option<(Loaded, Place)> {
    let mapping = profile.mappings.get(location.mapping?)?;
    let is_file = mapping.file.starts_with('/')
        && !mapping.file.starts_with("//")
        && !mapping.file.starts_with("/memfd:");
    let behind = location.address.checked_sub(mapping.start)?;
    let place = Place {
        offset: behind.checked_add(mapping.file_offset)?,
        mapping_offset: mapping.file_offset,
    };
    let loaded = Loaded {
        path: mapping.file.clone(),
        build_id: mapping.build_id.clone(),
    };
    is_file.then_some((loaded, place))
}

/// Addresses that one thread looks up in one file.
struct Job {
    /// Index of the file among all.
    file: usize,
    /// Its debug information, if there is any.
    debug: Option<DebugFile>,
    /// Where names without lines are.
    symbols: PathBuf,
    addresses: Vec<(Place, u64)>,
    unnamed: Vec<u64>,
}

/// The work, of large files in several parts; what takes longest comes first.
fn jobs(files: &[(&Loaded, &Asked)], found: &[Found]) -> Vec<Job> {
    let mut jobs = Vec::new();
    for (file, ((_, asked), found)) in files.iter().zip(found).enumerate() {
        let Some(object) = found
            .object
            .as_ref()
            .or(found.debug.as_ref().map(|(object, _)| object))
        else {
            continue;
        };
        let debug = found.debug.as_ref().map(|(_, debug)| debug);
        let address = |place: &Place| Some((*place, object.address_of(*place)?));
        let mut addresses: Vec<_> = asked.places.iter().filter_map(address).collect();
        addresses.sort_unstable_by_key(|(_, address)| *address);
        let symbols = debug.map_or(&object.path, |debug| &debug.path);
        let len = symbols.metadata().map_or(0, |metadata| metadata.len());
        let parts = match debug {
            // Each of those threads would hold all of it.
            Some(debug) if debug.is_compressed => 1,
            Some(_) if len >= LARGE_BYTES => parallel::threads(addresses.len() / FEW_ADDRESSES),
            _ => 1,
        };
        for part in addresses.chunks(addresses.len().div_ceil(parts.max(1)).max(1)) {
            let is_unnamed = |(place, _): &&(Place, u64)| asked.unnamed.contains(place);
            let job = Job {
                file,
                debug: debug.cloned(),
                symbols: symbols.clone(),
                unnamed: part
                    .iter()
                    .filter(is_unnamed)
                    .map(|(_, address)| *address)
                    .collect(),
                addresses: part.to_vec(),
            };
            jobs.push((len, job));
        }
    }
    jobs.sort_by_key(|(len, _)| std::cmp::Reverse(*len));
    jobs.into_iter().map(|(_, job)| job).collect()
}

/// What one job has found.
struct Frames {
    all: Vec<Vec<Frame>>,
    /// What of the debug information was not there, if that could be seen.
    lacks: Option<String>,
}

impl Job {
    /// The functions at each of the addresses.
    fn carry_out(&self) -> Result<Frames, String> {
        let addresses: Vec<u64> = self.addresses.iter().map(|(_, address)| *address).collect();
        let mut all = match &self.debug {
            Some(debug) => reader::frames(debug, &addresses).map_err(|why| self.damage(&why))?,
            None => vec![Vec::new(); addresses.len()],
        };
        let lacks = self.missing_part(&all);
        let names = symbols::names(&self.symbols, &self.unnamed);
        for (frames, address) in all.iter_mut().zip(addresses) {
            let Some(name) = names.get(&address) else {
                continue;
            };
            match frames.last_mut() {
                Some(outermost) if is_better(name, &outermost.symbol) => {
                    outermost.symbol.clone_from(name);
                }
                Some(_) => {}
                None => frames.push(Frame {
                    symbol: name.clone(),
                    ..Frame::default()
                }),
            }
        }
        Ok(Frames { all, lacks })
    }

    /// Lines stand in the file itself, functions in its parts: who has lines alone may lack a part.
    fn missing_part(&self, frames: &[Vec<Frame>]) -> Option<String> {
        let is_nameless = |frame: &Frame| frame.line != 0 && frame.symbol.is_empty();
        let is_lacking = frames.iter().flatten().any(is_nameless);
        let debug = self.debug.as_ref().filter(|_| is_lacking)?;
        split::lack(&debug.path)
    }

    fn damage(&self, why: &str) -> String {
        let debug = self
            .debug
            .as_ref()
            .map_or(&self.symbols, |debug| &debug.path);
        format!("{}: unusable debug information: {why}", debug.display())
    }
}

/// All that was found out.
#[derive(Default)]
struct Known {
    frames: HashMap<Loaded, Of>,
}

/// What was found out about one file.
#[derive(Default)]
struct Of {
    frames: HashMap<Place, Vec<Frame>>,
    has_dwarf: bool,
}

impl Of {
    fn with_lines(&self) -> usize {
        let has_line = |frames: &&Vec<Frame>| frames.iter().any(|frame| frame.line != 0);
        self.frames.values().filter(has_line).count()
    }
}

impl Known {
    fn add(&mut self, loaded: &Loaded, job: &Job, frames: Vec<Vec<Frame>>) {
        let of = self.frames.entry(loaded.clone()).or_default();
        of.has_dwarf |= job.debug.is_some();
        let places = job.addresses.iter().map(|(place, _)| *place);
        of.frames.extend(places.zip(frames));
    }

    fn answers(&self, profile: &Profile) -> Answers<'_> {
        let mut answers = Answers {
            frames: Vec::with_capacity(profile.locations.len()),
            read: vec![false; profile.mappings.len()],
        };
        for location in &profile.locations {
            let known = place(profile, location)
                .and_then(|(loaded, place)| Some((self.frames.get(&loaded)?, place)));
            let frames = known.and_then(|(of, place)| of.frames.get(&place));
            answers.frames.push(frames.map_or(&[], Vec::as_slice));
            let mapping = location
                .mapping
                .and_then(|index| answers.read.get_mut(index));
            if let (Some(read), Some((of, _))) = (mapping, known) {
                *read |= of.has_dwarf;
            }
        }
        answers
    }
}
