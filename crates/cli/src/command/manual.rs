//! `lockprof completions` and `lockprof man`: what describes the command, from its arguments.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ArgMatches;
use clap_complete::Shell;

use crate::args::{self, name};
use crate::output;

/// Prints the completions of a shell.
pub(crate) fn completions(matches: &ArgMatches) -> ExitCode {
    let Some(shell) = matches.get_one::<Shell>(name::SHELL) else {
        return ExitCode::from(2);
    };
    let mut text = Vec::new();
    clap_complete::generate(*shell, &mut args::command(), "lockprof", &mut text);
    if output::print(&String::from_utf8_lossy(&text)) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Writes a manual page for each command.
pub(crate) fn man(matches: &ArgMatches) -> ExitCode {
    let Some(folder) = matches.get_one::<PathBuf>(name::DIRECTORY) else {
        return ExitCode::from(2);
    };
    match write(folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let reason = output::reason(&error);
            output::message(&format!("{}: {reason}", folder.display()));
            ExitCode::FAILURE
        }
    }
}

fn write(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    // Hidden commands have no page, and the help of the help says nothing.
    let command = args::command().disable_help_subcommand(true);
    clap_mangen::generate_to(command, folder)
}
