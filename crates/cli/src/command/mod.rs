//! The subcommands.

mod report;
mod run;

use std::process::ExitCode;

use clap::ArgMatches;
use contract::profile::Profile;

use crate::args::name;
use crate::output;

/// More of the same remarks tell nobody more.
const MOST_REMARKS: usize = 10;

/// Carries out what the arguments ask for.
pub(crate) fn dispatch(matches: &ArgMatches) -> ExitCode {
    match matches.subcommand() {
        Some((name::RUN, matches)) => run::run(matches),
        Some((name::REPORT, matches)) => report::report(matches),
        // clap demands one of the above.
        _ => ExitCode::from(2),
    }
}

/// Says what profiles say was lost, each remark once.
fn warn_of_losses<'a>(profiles: impl Iterator<Item = &'a Profile>) {
    let mut losses: Vec<&str> = profiles
        .flat_map(|profile| &profile.comments)
        .filter(|comment| comment.starts_with(contract::comment::LOST))
        .map(String::as_str)
        .collect();
    losses.sort_unstable();
    losses.dedup();
    for loss in losses.iter().take(MOST_REMARKS) {
        output::message(&format!("warning: {loss}"));
    }
    if losses.len() > MOST_REMARKS {
        let more = losses.len() - MOST_REMARKS;
        output::message(&format!("warning: … and {more} more remarks about losses"));
    }
}
