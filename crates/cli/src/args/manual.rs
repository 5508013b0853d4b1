//! The arguments of the commands that print or write what describes the command itself.

use std::path::PathBuf;

use clap::{Arg, Command, ValueHint, value_parser};
use clap_complete::Shell;

use super::{behind, name};

/// What `lockprof completions` may be given.
pub(super) fn completions() -> Command {
    Command::new(name::COMPLETIONS)
        .about("Prints what a shell needs to complete the arguments of lockprof")
        .arg(
            Arg::new(name::SHELL)
                .value_name("SHELL")
                .required(true)
                .value_parser(value_parser!(Shell)),
        )
        .after_help(behind::text(
            &[
                (
                    "lockprof completions bash > ~/.local/share/bash-completion/completions/lockprof",
                    "for bash; others look elsewhere",
                ),
                ("lockprof completions fish | source", "for this fish only"),
            ],
            behind::OF_READERS,
        ))
}

/// What `lockprof man` may be given; for whoever packs it.
pub(super) fn man() -> Command {
    Command::new(name::MAN)
        .about("Writes the manual pages of lockprof and of all its commands")
        .hide(true)
        .arg(
            Arg::new(name::DIRECTORY)
                .value_name("DIRECTORY")
                .required(true)
                .value_hint(ValueHint::DirPath)
                .value_parser(value_parser!(PathBuf)),
        )
        .after_help(behind::text(
            &[(
                "lockprof man share/man/man1",
                "lockprof.1, lockprof-run.1, …",
            )],
            behind::OF_READERS,
        ))
}
