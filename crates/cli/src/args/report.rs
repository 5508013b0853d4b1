//! The arguments of `lockprof report`.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command, value_parser};

use super::{list, name};
use crate::columns;

/// What it may be given.
pub(super) fn report() -> Command {
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
        .args(list::args())
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
    use super::*;

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
