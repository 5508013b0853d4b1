//! The command `lockprof`: arguments in, exit code out.

mod analyse;
mod args;
mod columns;
mod command;
mod control;
mod doctor;
mod elf;
mod library;
mod load;
mod locate;
mod output;
mod page;
mod process;
mod progress;
mod render;
mod save;
mod search;
mod server;
mod source;
mod symbolize;
mod top;
mod why;

use std::process::ExitCode;

use clap::error::ErrorKind;

fn main() -> ExitCode {
    if let Some(status) = symbolize::reader::serve() {
        return status;
    }
    match args::command().try_get_matches() {
        Ok(matches) => command::dispatch(&matches),
        Err(error) if error.kind() == ErrorKind::DisplayVersion => command::version(&error),
        Err(error) => output::arguments(&error),
    }
}
