//! The subcommands.

mod diff;
mod flamegraph;
mod list;
mod pages;
mod report;
mod run;
mod selection;
mod symbolize;

use std::process::ExitCode;

use clap::ArgMatches;

use crate::args::{self, name};

/// Carries out what the arguments ask for.
pub(crate) fn dispatch(matches: &ArgMatches) -> ExitCode {
    match matches.subcommand() {
        Some((name::RUN, matches)) => run::run(matches),
        Some((name::REPORT, matches)) => report::report(matches),
        Some((name::FLAMEGRAPH, matches)) => flamegraph::flamegraph(matches),
        Some((name::DIFF, matches)) => diff::diff(matches),
        Some((args::symbolize::name::SYMBOLIZE, matches)) => symbolize::symbolize(matches),
        Some((name::COMPLETIONS, matches)) => pages::completions(matches),
        Some((name::MAN, matches)) => pages::man(matches),
        // clap demands one of the above.
        _ => ExitCode::from(2),
    }
}
