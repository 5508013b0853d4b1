//! The arguments: which commands there are. What each may be given, with what help,
//! stands in a file of its own.

mod behind;
mod diff;
mod doctor;
mod flamegraph;
pub(crate) mod list;
mod live;
mod manual;
pub(crate) mod page;
mod report;
mod run;
mod selection;
pub(crate) mod symbolize;
mod version;

use clap::Command;

/// Names of arguments that are not in the option table.
pub(crate) mod name {
    pub(crate) const BY: &str = "by";
    pub(crate) const COMPLETIONS: &str = "completions";
    pub(crate) const DIFF: &str = "diff";
    pub(crate) const DIRECTORY: &str = "DIRECTORY";
    pub(crate) const FAIL_ON: &str = "fail-on";
    pub(crate) const DOCTOR: &str = "doctor";
    pub(crate) const FILES: &str = "FILE";
    pub(crate) const FLAMEGRAPH: &str = "flamegraph";
    pub(crate) const FOCUS: &str = "focus";
    pub(crate) const FORMAT: &str = "format";
    pub(crate) const HISTOGRAM: &str = "histogram";
    pub(crate) const ICICLE: &str = "icicle";
    pub(crate) const IGNORE: &str = "ignore";
    pub(crate) const KIND: &str = "kind";
    pub(crate) const LOCK: &str = "lock";
    pub(crate) const MAN: &str = "man";
    pub(crate) const MIN_WAIT: &str = "min-wait";
    pub(crate) const OUT: &str = "output";
    pub(crate) const INTERVAL: &str = "interval";
    pub(crate) const OFF: &str = "off";
    pub(crate) const ON: &str = "on";
    pub(crate) const ONCE: &str = "once";
    pub(crate) const PID: &str = "PID";
    pub(crate) const PROGRAM: &str = "PROGRAM";
    pub(crate) const QUIET: &str = "quiet";
    pub(crate) const REPORT: &str = "report";
    pub(crate) const ROOT: &str = "root";
    pub(crate) const RUN: &str = "run";
    pub(crate) const SCALE: &str = "scale";
    pub(crate) const SHELL: &str = "SHELL";
    pub(crate) const SORT: &str = "sort";
    pub(crate) const THREAD: &str = "thread";
    pub(crate) const TITLE: &str = "title";
    pub(crate) const TOP: &str = "top";
    pub(crate) const VALUE: &str = "value";
}

/// Arguments of `report` that mean nothing for source lines.
const TABLE_ONLY: [&str; 7] = [
    name::BY,
    name::FORMAT,
    name::SORT,
    name::TOP,
    name::VALUE,
    name::ROOT,
    name::HISTOGRAM,
];

/// The whole command line.
pub(crate) fn command() -> Command {
    Command::new("lockprof")
        .version(version::SHORT)
        .long_version(version::long())
        .about("Profiles the locks of native programs")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(run::run())
        .subcommand(report::report())
        .subcommand(flamegraph::flamegraph())
        .subcommand(diff::diff())
        .subcommand(symbolize::command())
        .subcommand(live::top())
        .subcommand(live::off())
        .subcommand(live::on())
        .subcommand(doctor::doctor())
        .subcommand(page::html())
        .subcommand(page::serve())
        .subcommand(manual::completions())
        .subcommand(manual::man())
        .after_help(behind::text(
            &[
                (
                    "lockprof run -- ./app",
                    "run a program; what it lost waiting, at its end",
                ),
                (
                    "lockprof report FILE",
                    "the same in full, from the profile it left",
                ),
                (
                    "lockprof COMMAND --help",
                    "all about one command, with examples",
                ),
            ],
            behind::OF_READERS,
        ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clap_finds_no_fault_with_the_arguments() {
        command().debug_assert();
    }

    #[test]
    fn every_help_has_examples_and_says_what_the_exit_status_means() {
        let mut command = command();
        command.build();
        let commands = command.get_subcommands_mut();
        for command in commands.filter(|command| command.get_name() != "help") {
            for help in [command.render_help(), command.render_long_help()] {
                let help = help.to_string();
                let name = command.get_name();
                assert!(help.contains("\nExamples:\n  lockprof "), "{name}: {help}");
                assert!(help.contains("\nExit status:\n  "), "{name}: {help}");
            }
        }
    }
}
