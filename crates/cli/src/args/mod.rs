//! The arguments: which commands there are. What each may be given, with what help,
//! stands in a file of its own.

mod diff;
mod flamegraph;
pub(crate) mod list;
mod report;
mod run;
mod selection;
pub(crate) mod symbolize;

use clap::Command;

/// Names of arguments that are not in the option table.
pub(crate) mod name {
    pub(crate) const BY: &str = "by";
    pub(crate) const DIFF: &str = "diff";
    pub(crate) const FAIL_ON: &str = "fail-on";
    pub(crate) const FILES: &str = "FILE";
    pub(crate) const FLAMEGRAPH: &str = "flamegraph";
    pub(crate) const FOCUS: &str = "focus";
    pub(crate) const FORMAT: &str = "format";
    pub(crate) const HISTOGRAM: &str = "histogram";
    pub(crate) const ICICLE: &str = "icicle";
    pub(crate) const IGNORE: &str = "ignore";
    pub(crate) const KIND: &str = "kind";
    pub(crate) const LOCK: &str = "lock";
    pub(crate) const MIN_WAIT: &str = "min-wait";
    pub(crate) const OUT: &str = "output";
    pub(crate) const PROGRAM: &str = "PROGRAM";
    pub(crate) const QUIET: &str = "quiet";
    pub(crate) const REPORT: &str = "report";
    pub(crate) const ROOT: &str = "root";
    pub(crate) const RUN: &str = "run";
    pub(crate) const SCALE: &str = "scale";
    pub(crate) const SORT: &str = "sort";
    pub(crate) const THREAD: &str = "thread";
    pub(crate) const TITLE: &str = "title";
    pub(crate) const TOP: &str = "top";
    pub(crate) const VALUE: &str = "value";
}

/// Arguments of `report` that mean nothing for source lines.
const TABLE_ONLY: [&str; 13] = [
    name::BY,
    name::FORMAT,
    name::SORT,
    name::TOP,
    name::VALUE,
    name::ROOT,
    name::HISTOGRAM,
    name::LOCK,
    name::THREAD,
    name::KIND,
    name::FOCUS,
    name::IGNORE,
    name::MIN_WAIT,
];

/// The whole command line.
pub(crate) fn command() -> Command {
    Command::new("lockprof")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Profiles the locks of native programs")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(run::run())
        .subcommand(report::report())
        .subcommand(flamegraph::flamegraph())
        .subcommand(diff::diff())
        .subcommand(symbolize::command())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clap_finds_no_fault_with_the_arguments() {
        command().debug_assert();
    }
}
