//! `lockprof html`: a page with everything in it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ArgMatches;

use crate::args::page::name;
use crate::load;
use crate::output;
use crate::page::Page;
use crate::save;

/// Carries out the command.
pub(crate) fn html(matches: &ArgMatches) -> ExitCode {
    let to = matches.get_one::<PathBuf>(name::OUTPUT);
    if to.is_none() && output::is_terminal() {
        output::message("a page is not for a terminal: name a file, -o FILE");
        return ExitCode::from(2);
    }
    let paths = matches.get_many::<PathBuf>(name::FILES);
    let (files, problems) = load::load_all(paths.into_iter().flatten().map(PathBuf::as_path));
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
    if save::hand_over(&page.render(), to.map(PathBuf::as_path)) && problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
