//! `lockprof doctor`: the list of checks, for people.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::ArgMatches;

use crate::args::name;
use crate::doctor::{self, Check, Subject, Verdict};
use crate::output;
use crate::render::printable::printable;

/// Carries out the command.
pub(crate) fn doctor(matches: &ArgMatches) -> ExitCode {
    let program = matches.get_many::<OsString>(name::PROGRAM);
    let subject = match (matches.get_one::<u32>(name::PID), program) {
        (Some(pid), _) => Subject::of_process(*pid),
        (None, Some(mut program)) => Ok(Subject::of_program(
            program
                .next()
                .map_or_else(Default::default, OsString::as_os_str),
        )),
        // clap demands one of them.
        (None, None) => return ExitCode::from(2),
    };
    let subject = match subject {
        Ok(subject) => subject,
        Err(reason) => {
            output::message(&reason);
            return ExitCode::FAILURE;
        }
    };
    let checks = doctor::examine(&subject);
    let is_well = checks.iter().all(|check| check.verdict != Verdict::Bad);
    let text: String = checks.iter().map(render).collect();
    let last = match is_well {
        true => "nothing is wrong\n",
        false => "what is marked ✗ keeps samples away\n",
    };
    if output::print(&(text + last)) && is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn render(check: &Check) -> String {
    let mark = match check.verdict {
        Verdict::Good => "✓",
        Verdict::Doubt => "!",
        Verdict::Bad => "✗",
    };
    let advice = check.advice.as_ref();
    let advice = advice.map_or_else(String::new, |advice| {
        format!("    → {}\n", printable(advice))
    });
    format!("{mark} {}\n{advice}", printable(&check.text))
}
