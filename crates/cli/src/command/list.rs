//! `lockprof report --list`: functions line by line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ArgMatches;
use regex::Regex;

use crate::analyse::listing::{self, Listed};
use crate::args::list::name;
use crate::load::Loaded;
use crate::output;
use crate::render::listing as text;
use crate::source::Folders;

/// What is asked for.
pub(super) struct Request {
    pattern: Regex,
    folders: Folders,
}

impl Request {
    /// None where nothing is to be listed.
    ///
    /// # Errors
    ///
    /// One line about a pattern that is none.
    pub(super) fn new(matches: &ArgMatches) -> Result<Option<Self>, String> {
        let Some(pattern) = matches.get_one::<String>(name::LIST) else {
            return Ok(None);
        };
        let folders = |name| {
            let given = matches.get_many::<PathBuf>(name);
            given.into_iter().flatten().cloned().collect()
        };
        let compiled = Regex::new(pattern).map_err(|error| {
            let error = error.to_string();
            let reason = error.lines().last().unwrap_or_default();
            let reason = reason.trim_start_matches("error: ");
            format!("--list {pattern}: {reason}")
        })?;
        Ok(Some(Self {
            pattern: compiled,
            folders: Folders {
                source_paths: folders(name::SOURCE_PATH),
                trim_paths: folders(name::TRIM_PATH),
            },
        }))
    }

    /// Prints the functions.
    pub(super) fn carry_out(&self, files: &[Loaded]) -> ExitCode {
        let profiles = files.iter().map(|file| &file.profile);
        let all = listing::list(profiles, |name| self.pattern.is_match(name));
        if all.is_empty() {
            let pattern = &self.pattern;
            output::message(&format!(
                "no function that takes or releases a lock, or calls one that does, matches {pattern}"
            ));
            return ExitCode::FAILURE;
        }
        let end = |file: &Loaded| {
            file.profile
                .start_unix_ns
                .saturating_add(file.profile.duration_ns)
        };
        let end_ns = files.iter().map(end).max().unwrap_or(0);
        let texts: Vec<String> = all.iter().map(|listed| self.text(listed, end_ns)).collect();
        if output::print(&texts.join("\n")) {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    fn text(&self, listed: &Listed, end_ns: i64) -> String {
        if listed.lines.keys().all(|line| *line == 0) {
            let name = &listed.name;
            output::message(&format!(
                "{name}: no lines are known; lockprof symbolize adds them"
            ));
            return text::render(listed, None);
        }
        let source = match self.folders.read(&listed.file) {
            Ok(source) => source,
            Err(reason) => {
                output::message(&reason);
                return text::render(listed, None);
            }
        };
        if source.is_newer(end_ns) {
            let path = source.path.display();
            output::message(&format!(
                "{path}: newer than the profile; lines may be others now"
            ));
        }
        text::render(listed, Some(&source.lines))
    }
}
