//! The arguments that say which profiles a command looks at, and which part of them.

use std::path::PathBuf;

use clap::{Arg, ValueHint, value_parser};

use super::name;
use crate::analyse::stacks::MEASURES;

/// Which samples count.
pub(super) fn filters() -> [Arg; 5] {
    let filter = |name: &'static str, value| {
        Arg::new(name)
            .long(name)
            .value_name(value)
            .allow_hyphen_values(true)
            .help_heading("Filters")
    };
    [
        filter(name::LOCK, "REGEX").help("Only locks with such a name, or with this address"),
        filter(name::THREAD, "REGEX")
            .help("Only threads with such a name, or with this id of the kernel"),
        filter(name::KIND, "KINDS").help(
            "Only these kinds of lock or of sync wait, comma-separated, as mutex,rwlock or \
             rwlock-write",
        ),
        filter(name::FOCUS, "REGEX")
            .help("Only stacks with such a function, or file, anywhere in them"),
        filter(name::IGNORE, "REGEX")
            .help("Only stacks without such a function, or file, anywhere in them"),
    ]
}

/// Which rows are shown.
pub(super) fn min_wait() -> Arg {
    Arg::new(name::MIN_WAIT)
        .long(name::MIN_WAIT)
        .value_name("TIME")
        .help_heading("Filters")
        .help(
            "Only rows, or functions of --list, with at least this much waiting, caused or \
             suffered, as 10ms; a bare number is in seconds",
        )
}

/// The words for what stacks can be weighed by.
pub(super) fn measures() -> Vec<&'static str> {
    MEASURES.iter().map(|measure| measure.word).collect()
}

/// What stands below the stacks of flame graphs.
pub(super) fn root() -> Arg {
    Arg::new(name::ROOT)
        .long(name::ROOT)
        .value_name("ROOT")
        .value_parser(["none", "lock", "thread"])
        .help("What stands below all frames of a stack [default: none]")
}

/// The profiles.
pub(super) fn files() -> Arg {
    Arg::new(name::FILES)
        .help("Profiles, gzip or plain; several add up")
        .required(true)
        .num_args(1..)
        .value_hint(ValueHint::FilePath)
        .value_parser(value_parser!(PathBuf))
}
