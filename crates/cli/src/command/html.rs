//! `lockprof html`: a page with everything in it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ArgMatches;

use crate::args::page::name;
use crate::load::{self, Loaded};
use crate::output;
use crate::page::Page;

/// Carries out the command.
pub(crate) fn html(matches: &ArgMatches) -> ExitCode {
    let to = matches.get_one::<PathBuf>(name::OUTPUT);
    if to.is_none() && output::is_terminal() {
        output::message("a page is not for a terminal: name a file, -o FILE");
        return ExitCode::from(2);
    }
    let paths = matches.get_many::<PathBuf>(name::FILES);
    let (files, problems) = load_all(paths.into_iter().flatten().map(PathBuf::as_path));
    for problem in &problems {
        output::message(problem);
    }
    if files.is_empty() {
        return ExitCode::FAILURE;
    }
    let page = Page {
        files: &files,
        problems: &problems,
        version: None,
    };
    if hand_over(&page.render(), to.map(PathBuf::as_path)) && problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The profiles of these files, and one line about each file that has none.
pub(super) fn load_all<'a>(paths: impl Iterator<Item = &'a Path>) -> (Vec<Loaded>, Vec<String>) {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    for path in paths {
        match load::load(path) {
            Ok(profile) => files.push(Loaded::new(path.to_owned(), profile)),
            Err(reason) => problems.push(format!("{}: {reason}", path.display())),
        }
    }
    (files, problems)
}

/// Writes the page to where it is wanted and returns whether that went well.
fn hand_over(page: &str, to: Option<&Path>) -> bool {
    let Some(path) = to else {
        return output::print(page);
    };
    match write(path, page) {
        Ok(()) => true,
        Err(error) => {
            output::message(&format!("{}: {}", path.display(), output::reason(&error)));
            false
        }
    }
}

/// At any moment there is the whole page or the one before: it is written beside itself
/// and renamed, but for what is no file, as `/dev/null`.
fn write(path: &Path, page: &str) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return fs::write(path, page);
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.part", std::process::id()));
    let written = fs::write(&beside, page).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // What is left of it helps nobody; the error that counts is the first.
        let _ = fs::remove_file(&beside);
    }
    written
}
