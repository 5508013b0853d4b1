//! What the arguments say about which profiles to look at, and which part of them.

use std::path::PathBuf;

use clap::ArgMatches;
use contract::options;
use contract::sample_type::KINDS;
use regex::Regex;

use crate::analyse::filter::{self, Filter};
use crate::analyse::stacks::{MEASURES, Measure, Root};
use crate::args::name;
use crate::load::{self, Loaded};
use crate::output;

/// The profiles that could be read, and whether these are all.
pub(super) struct Files {
    pub(super) loaded: Vec<Loaded>,
    pub(super) is_whole: bool,
}

/// Reads all profiles and says which cannot be read, and which are empty.
pub(super) fn files(matches: &ArgMatches) -> Files {
    let paths = matches.get_many::<PathBuf>(name::FILES);
    let (loaded, problems) = load::load_all(paths.into_iter().flatten().map(PathBuf::as_path));
    for problem in &problems {
        output::message(problem);
    }
    let files = Files {
        loaded,
        is_whole: problems.is_empty(),
    };
    let is_empty = |file: &&Loaded| file.profile.samples.is_empty() && file.sync.samples.is_empty();
    for file in files.loaded.iter().filter(is_empty) {
        output::message(&format!("{}: an empty profile", file.path.display()));
    }
    files
}

/// Which samples count.
///
/// # Errors
///
/// One line about the first pattern that is none.
pub(super) fn filter(matches: &ArgMatches) -> Result<Filter, String> {
    let regex = |name| {
        let pattern = matches.get_one::<String>(name);
        pattern.map(|pattern| pattern_of(name, pattern)).transpose()
    };
    Ok(Filter {
        lock: regex(name::LOCK)?,
        thread: regex(name::THREAD)?,
        kinds: kinds(matches)?,
        focus: regex(name::FOCUS)?,
        ignore: regex(name::IGNORE)?,
    })
}

/// The kinds asked for.
fn kinds(matches: &ArgMatches) -> Result<Vec<String>, String> {
    let Some(text) = matches.get_one::<String>(name::KIND) else {
        return Ok(Vec::new());
    };
    let words = text.split(',').map(str::trim);
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let wrong = words.iter().find(|word| !filter::is_kind(word));
    if let Some(what) = wrong.copied().or(words.is_empty().then_some(text)) {
        return Err(format!(
            "--{} {what}: no kind; there are {}, and rwlock for both of its two",
            name::KIND,
            KINDS.join(", ")
        ));
    }
    Ok(words.into_iter().map(str::to_owned).collect())
}

/// The regular expression given to an option.
///
/// # Errors
///
/// One line that says why it is none.
pub(super) fn pattern_of(name: &str, pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).map_err(|error| {
        // The error draws a picture of the pattern first; what is wrong stands below.
        let error = error.to_string();
        let reason = error.lines().last().unwrap_or("");
        let reason = reason.strip_prefix("error: ").unwrap_or(reason);
        format!("--{name} {pattern}: no regular expression: {reason}")
    })
}

/// Waiting below which rows are not shown.
///
/// # Errors
///
/// One line that says what a time is.
pub(super) fn min_wait_ns(matches: &ArgMatches) -> Result<u64, String> {
    let Some(text) = matches.get_one::<String>(name::MIN_WAIT) else {
        return Ok(0);
    };
    options::time_ns(text)
        .ok_or_else(|| format!("--{} {text}: no time, as 10ms or 1.5s", name::MIN_WAIT))
}

/// What stacks are weighed by, if that was asked for.
pub(super) fn measure(matches: &ArgMatches) -> Option<&'static Measure> {
    let word = matches.get_one::<String>(name::VALUE)?;
    MEASURES.iter().find(|measure| measure.word == word)
}

/// What stands below the stacks.
pub(super) fn root(matches: &ArgMatches) -> Root {
    match matches.get_one::<String>(name::ROOT).map(String::as_str) {
        Some("lock") => Root::Lock,
        Some("thread") => Root::Thread,
        _ => Root::None,
    }
}

/// Whether a filter has left anything of profiles that are not empty; if not, says so.
pub(super) fn leaves_any(files: &[Loaded], filter: &Filter) -> bool {
    let mut profiles = files.iter().flat_map(|file| [&file.profile, &file.sync]);
    let is_any = profiles.clone().any(|profile| !profile.samples.is_empty());
    let is_left = profiles.any(|profile| {
        let selection = filter.on(profile);
        profile.samples.iter().any(|sample| selection.has(sample))
    });
    let is_well = !is_any || is_left;
    if !is_well {
        output::message(&format!("nothing is left by {}", filter.shown()));
    }
    is_well
}
