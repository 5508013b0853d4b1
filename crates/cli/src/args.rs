//! The arguments: what may be given, with what help.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command, value_parser};
use contract::options::{Opt, TABLE, Values};

use crate::columns;

/// Names of arguments that are not in the option table.
pub(crate) mod name {
    pub(crate) const BY: &str = "by";
    pub(crate) const FILES: &str = "FILE";
    pub(crate) const FORMAT: &str = "format";
    pub(crate) const PROGRAM: &str = "PROGRAM";
    pub(crate) const QUIET: &str = "quiet";
    pub(crate) const REPORT: &str = "report";
    pub(crate) const RUN: &str = "run";
    pub(crate) const SORT: &str = "sort";
    pub(crate) const TOP: &str = "top";
    pub(crate) const VALUE: &str = "value";
}

/// The whole command line.
pub(crate) fn command() -> Command {
    Command::new("lockprof")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Profiles the locks of native programs")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(run())
        .subcommand(report())
}

fn run() -> Command {
    Command::new(name::RUN)
        .about("Runs a program under liblockprof and shows its most contended locks")
        .long_about(
            "Runs a program under liblockprof and shows its most contended locks.\n\n\
             The program keeps its standard streams and its arguments; what lockprof itself has \
             to say goes to standard error, after the program has ended. The exit status is the \
             program's: the same code, or death by the same signal. It is 127 if the program or \
             liblockprof is not found, 126 if the program cannot be executed, and 2 if an option \
             is wrong.",
        )
        .override_usage("lockprof run [OPTIONS] [--] PROGRAM [ARGUMENTS]...")
        .args(
            TABLE
                .iter()
                .filter_map(|opt| opt.flag.map(|flag| option(opt, flag))),
        )
        .arg(
            Arg::new(name::QUIET)
                .short('q')
                .long(name::QUIET)
                .action(ArgAction::SetTrue)
                .help("Print nothing of our own after the program has ended"),
        )
        .arg(
            Arg::new(name::PROGRAM)
                .help("The program and its arguments")
                .required(true)
                .num_args(1..)
                .trailing_var_arg(true)
                .value_parser(value_parser!(OsString)),
        )
}

/// The flag of an option of the table.
fn option(opt: &'static Opt, flag: &'static str) -> Arg {
    let default = if opt.default.is_empty() {
        String::new()
    } else {
        format!("default: {}; ", opt.default)
    };
    let takes = match opt.values {
        Values::Text => String::new(),
        _ => format!(" ({})", opt.values.describe()),
    };
    let arg = Arg::new(opt.name)
        .long(flag)
        .value_name(match opt.values {
            Values::Switch => "0|1",
            Values::SwitchOrAuto => "0|1|auto",
            Values::Count { .. } => "N",
            Values::Time { .. } => "TIME",
            Values::Percent { .. } => "PERCENT",
            Values::Words(_) | Values::SignedWords(_) => "WORDS",
            Values::Word(_) => "WORD",
            Values::Text => "TEXT",
            Values::Tags => "KEY:VALUE,...",
            Values::Pairs => "KEY=VALUE,...",
            Values::Url { .. } => "URL",
        })
        .allow_hyphen_values(true)
        .help(format!("{}{takes} [{default}env: {}]", opt.help, opt.name));
    if flag == "output" {
        arg.short('o')
    } else {
        arg
    }
}

fn report() -> Command {
    Command::new(name::REPORT)
        .about("Shows what profiles say, by lock, place in the code, thread, or who waits for whom")
        .after_long_help(columns::help())
        .args(choices())
        .arg(
            Arg::new(name::SORT)
                .long(name::SORT)
                .value_name("KEY")
                .help(
                    "Column that decides the order; --help lists the keys \
                     [default: wait, by holder blocked]",
                ),
        )
        .arg(
            Arg::new(name::TOP)
                .long(name::TOP)
                .value_name("N")
                .value_parser(value_parser!(usize))
                .help("How many rows, 0 for all [default: 20 in a table, else all]"),
        )
        .arg(
            Arg::new(name::FILES)
                .help("Profiles, gzip or plain")
                .required(true)
                .num_args(1..)
                .value_parser(value_parser!(PathBuf)),
        )
}

/// The options of `report` that take one of a few words.
fn choices() -> [Arg; 3] {
    let choice = |name: &'static str, value, values: &'static [&'static str]| {
        Arg::new(name)
            .long(name)
            .value_name(value)
            .value_parser(PossibleValuesParser::new(values))
    };
    let values = &["wait", "hold", "acquisitions", "contentions"];
    [
        choice(
            name::BY,
            "WHAT",
            &["lock", "name", "site", "thread", "edge", "holder", "sync"],
        )
        .default_value("lock")
        .help(
            "What one row is about: a lock, all locks of a name, a place in the code, a \
                 thread, waiting in one place for a holder in another, a holder and the \
                 waiting it caused, or waiting that is not for a lock: for a signal, at a \
                 barrier, for an initialiser, for the end of a thread",
        ),
        choice(name::FORMAT, "FORMAT", &["table", "json", "csv", "folded"])
            .default_value("table")
            .help("A table for people, JSON, CSV, or folded stacks for flame graphs"),
        choice(name::VALUE, "VALUE", values).help("What folded stacks count [default: wait]"),
    ]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn clap_finds_no_fault_with_the_arguments() {
        command().debug_assert();
    }

    #[test]
    fn every_option_of_the_table_is_a_flag_with_its_help() {
        let help = run().render_long_help().to_string();
        let help: Vec<&str> = help.split_whitespace().collect();
        let help = help.join(" ");
        for opt in TABLE {
            let Some(flag) = opt.flag else {
                // Another option's help may speak of it.
                let own = format!("env: {}]", opt.name);
                assert!(!help.contains(&own), "{}", opt.name);
                continue;
            };
            assert!(help.contains(&format!("--{flag} <")), "{flag}");
            assert!(help.contains(opt.help), "{flag}");
            assert!(help.contains(opt.name), "{flag}");
        }
    }

    #[test]
    fn what_stands_behind_the_program_is_the_programs() {
        for line in [
            &[
                "lockprof", "run", "--sample", "7", "--", "app", "--sample", "x", "-q",
            ][..],
            &[
                "lockprof",
                "run",
                "--sample=7",
                "app",
                "--sample",
                "x",
                "-q",
            ],
        ] {
            let matches = command().try_get_matches_from(line).unwrap();
            let (_, matches) = matches.subcommand().unwrap();
            let program: Vec<_> = matches
                .get_many::<OsString>(name::PROGRAM)
                .unwrap()
                .collect();
            assert_eq!(program, ["app", "--sample", "x", "-q"]);
            assert_eq!(matches.get_one::<String>("LOCKPROF_SAMPLE").unwrap(), "7");
            assert!(!matches.get_flag(name::QUIET));
        }
    }

    #[test]
    fn the_help_of_report_explains_every_column() {
        let help = report().render_long_help().to_string();
        for column in columns::COLUMNS {
            assert!(
                help.contains(&format!("\n  {} ", column.key)),
                "{}",
                column.key
            );
        }
        assert!(help.lines().all(|line| line.chars().count() <= 100));
    }
}
