//! `lockprof off` and `lockprof on`: profiling of a running program, without a restart.

use std::process::ExitCode;

use clap::ArgMatches;
use contract::control::{self, Request};

use crate::args::name;
use crate::control::Patience;
use crate::{control as socket, output};

/// Carries out either command.
pub(crate) fn switch(matches: &ArgMatches, on: bool) -> ExitCode {
    let pid = matches.get_one::<u32>(name::PID).copied().unwrap_or(0);
    let request = if on { Request::On } else { Request::Off };
    match socket::ask_text(pid, request, Patience::Usual) {
        Ok(status) => {
            let state = control::value(&status, "state").unwrap_or("unknown");
            if output::print(&format!("process {pid}: profiling is {state}\n")) {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(failure) => {
            output::message(&failure.reason());
            ExitCode::FAILURE
        }
    }
}
