//! `lockprof report --list`: functions line by line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ArgMatches;
use regex::Regex;

use super::selection;
use crate::analyse::filter::Filter;
use crate::analyse::listing::{self, Listed};
use crate::args::list::name;
use crate::load::Loaded;
use crate::output;
use crate::render::{listing as text, summary};
use crate::source::Folders;

/// What is asked for.
pub(super) struct Request {
    pattern: Regex,
    folders: Folders,
    filter: Filter,
    min_wait_ns: u64,
}

impl Request {
    /// None where nothing is to be listed.
    ///
    /// # Errors
    ///
    /// One line about an argument that is none.
    pub(super) fn new(matches: &ArgMatches) -> Result<Option<Self>, String> {
        let Some(pattern) = matches.get_one::<String>(name::LIST) else {
            return Ok(None);
        };
        let folders = |name| {
            let given = matches.get_many::<PathBuf>(name);
            given.into_iter().flatten().cloned().collect()
        };
        Ok(Some(Self {
            pattern: selection::pattern_of(name::LIST, pattern)?,
            folders: Folders {
                source_paths: folders(name::SOURCE_PATH),
                trim_paths: folders(name::TRIM_PATH),
            },
            filter: selection::filter(matches)?,
            min_wait_ns: selection::min_wait_ns(matches)?,
        }))
    }

    /// Prints the functions.
    pub(super) fn carry_out(&self, files: &[Loaded]) -> ExitCode {
        let profiles = files.iter().map(|file| &file.profile);
        let is_wanted = |name: &str| self.pattern.is_match(name);
        let mut all = listing::list(profiles, is_wanted, &self.filter);
        if all.is_empty() {
            output::message(&self.nothing());
            return ExitCode::FAILURE;
        }
        let found = all.len();
        all.retain(|listed| listed.has_waiting(self.min_wait_ns));
        let left_out = (found - all.len(), self.min_wait_ns);
        let head = summary::only(&self.filter, ("function", "functions"), left_out);
        let end = |file: &Loaded| {
            file.profile
                .start_unix_ns
                .saturating_add(file.profile.duration_ns)
        };
        let end_ns = files.iter().map(end).max().unwrap_or(0);
        let head = (!head.is_empty()).then_some(head);
        let listed = all.iter().map(|listed| self.text(listed, end_ns));
        let texts: Vec<String> = head.into_iter().chain(listed).collect();
        if output::print(&texts.join("\n")) {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    fn nothing(&self) -> String {
        let with = match self.filter.shown() {
            only if only.is_empty() => only,
            only => format!(" with {only}"),
        };
        format!(
            "no function that takes or releases a lock, or calls one that does, matches {}{with}",
            self.pattern
        )
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
