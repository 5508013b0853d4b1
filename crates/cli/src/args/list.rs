//! The arguments of `lockprof report` that are about source lines.

use std::path::PathBuf;

use clap::{Arg, ArgAction, value_parser};

/// Names of the arguments.
pub(crate) mod name {
    pub(crate) const LIST: &str = "list";
    pub(crate) const SOURCE_PATH: &str = "source-path";
    pub(crate) const TRIM_PATH: &str = "trim-path";
}

pub(super) fn args() -> [Arg; 3] {
    let folders = |name: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("DIR")
            .requires(name::LIST)
            .action(ArgAction::Append)
            .value_parser(value_parser!(PathBuf))
    };
    [
        Arg::new(name::LIST)
            .long(name::LIST)
            .value_name("REGEX")
            .conflicts_with_all(super::TABLE_ONLY)
            .help(
                "Show the functions whose names match line by line, with waiting, holding and \
                 acquisitions: in the line itself, and with what it calls",
            ),
        folders(name::SOURCE_PATH)
            .help("Folder of the sources, if they are not where they were built"),
        folders(name::TRIM_PATH).help("Where they were built: left out of their paths"),
    ]
}
