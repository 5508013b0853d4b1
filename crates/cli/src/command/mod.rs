//! The subcommands.

mod diff;
mod doctor;
mod flamegraph;
mod html;
mod list;
mod manual;
#[cfg(test)]
mod nonsense;
mod report;
mod run;
mod selection;
mod serve;
mod switch;
mod symbolize;
mod top;
mod version;

use std::process::ExitCode;

use clap::ArgMatches;

use crate::args::{self, name};
pub(crate) use version::version;

/// Carries out what the arguments ask for.
pub(crate) fn dispatch(matches: &ArgMatches) -> ExitCode {
    match matches.subcommand() {
        Some((name::RUN, matches)) => run::run(matches),
        Some((name::REPORT, matches)) => report::report(matches),
        Some((name::FLAMEGRAPH, matches)) => flamegraph::flamegraph(matches),
        Some((name::DIFF, matches)) => diff::diff(matches),
        Some((args::symbolize::name::SYMBOLIZE, matches)) => symbolize::symbolize(matches),
        Some((name::COMPLETIONS, matches)) => manual::completions(matches),
        Some((name::MAN, matches)) => manual::man(matches),
        Some((args::page::name::HTML, matches)) => html::html(matches),
        Some((args::page::name::SERVE, matches)) => serve::serve(matches),
        Some((name::TOP, matches)) => top::top(matches),
        Some((name::OFF, matches)) => switch::switch(matches, false),
        Some((name::ON, matches)) => switch::switch(matches, true),
        Some((name::DOCTOR, matches)) => doctor::doctor(matches),
        // clap demands one of the above.
        _ => ExitCode::from(2),
    }
}
