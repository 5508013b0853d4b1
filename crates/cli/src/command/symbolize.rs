//! `lockprof symbolize`: lines and inlined functions for profiles.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ArgMatches;
use contract::profile::Profile;

use crate::args::symbolize::name;
use crate::progress::Progress;
use crate::save::{self, Version};
use crate::search::Read;
use crate::symbolize::{self, Outcome, Sources};
use crate::{load, output};

/// Carries out the command.
pub(crate) fn symbolize(matches: &ArgMatches) -> ExitCode {
    let paths: Vec<&PathBuf> = matches
        .get_many(name::FILES)
        .into_iter()
        .flatten()
        .collect();
    let place = matches.get_one::<PathBuf>(name::OUTPUT);
    if place.is_some() && paths.len() > 1 {
        output::message("--output goes with one profile");
        return ExitCode::from(2);
    }
    let folders = matches.get_many::<PathBuf>(name::DEBUG_DIR);
    let folders: Vec<PathBuf> = folders.into_iter().flatten().cloned().collect();
    if let Some(missing) = folders.iter().find(|folder| !folder.is_dir()) {
        let missing = missing.display();
        output::message(&format!("--{} {missing}: no directory", name::DEBUG_DIR));
        return ExitCode::from(2);
    }
    let mut profiles = Vec::new();
    let mut is_whole = true;
    for path in paths {
        let version = Version::of(path);
        match load::load(path) {
            Ok(profile) => profiles.push((path.clone(), profile, version)),
            Err(reason) => {
                output::message(&format!("{}: {reason}", path.display()));
                is_whole = false;
            }
        }
    }
    if !profiles.is_empty() {
        let sources = Sources::new(folders);
        let outcome = add_lines(&mut profiles, &sources, true);
        is_whole &= store(&profiles, &outcome, place.map(PathBuf::as_path));
        complain(&outcome);
        output::message(&outcome.line());
    }
    if is_whole {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What `lockprof run` does after the program: the same, and nothing is said when all is well.
pub(super) fn after_run(profiles: &mut [Read], is_quiet: bool) {
    let outcome = add_lines(profiles, &Sources::new([]), !is_quiet);
    store(profiles, &outcome, None);
    if !is_quiet {
        complain(&outcome);
    }
}

fn add_lines(profiles: &mut [Read], sources: &Sources, with_progress: bool) -> Outcome {
    let mut progress = Progress::new(with_progress);
    let mut all: Vec<&mut Profile> = profiles.iter_mut().map(|(_, profile, _)| profile).collect();
    symbolize::symbolize(&mut all, sources, &mut |what, done, all| {
        progress.tell(what, done, all);
    })
}

/// Writes the profiles that are others now, or all there are to a place that was named.
fn store(profiles: &[Read], outcome: &Outcome, place: Option<&Path>) -> bool {
    let mut is_stored = true;
    for ((path, profile, version), is_changed) in profiles.iter().zip(&outcome.changed) {
        let result = match place {
            Some(place) => save::save(place, profile, None).map_err(|reason| (place, reason)),
            None if *is_changed => {
                save::save(path, profile, *version).map_err(|reason| (path.as_path(), reason))
            }
            None => Ok(()),
        };
        if let Err((path, reason)) = result {
            output::message(&format!("{}: {reason}", path.display()));
            is_stored = false;
        }
    }
    is_stored
}

fn complain(outcome: &Outcome) {
    for complaint in &outcome.complaints {
        output::message(complaint);
    }
}
