//! The arguments that are about adding source lines.

use std::path::PathBuf;

use clap::{Arg, ArgAction, Command, value_parser};

use super::behind;

/// Names of the arguments.
pub(crate) mod name {
    pub(crate) const DEBUG_DIR: &str = "debug-dir";
    pub(crate) const FILES: &str = "FILE";
    pub(crate) const NO_SYMBOLIZE: &str = "no-symbolize";
    pub(crate) const OUTPUT: &str = "output";
    pub(crate) const SYMBOLIZE: &str = "symbolize";
}

pub(super) fn command() -> Command {
    Command::new(name::SYMBOLIZE)
        .about("Adds source lines and inlined functions to profiles")
        .long_about(
            "Adds source lines and inlined functions to profiles, from the debug information \
             (DWARF) of the files that were loaded. `lockprof run` does so by itself.\n\n\
             It is looked for in the file itself; in the folders of --debug-dir, of \
             LOCKPROF_DEBUG_DIRS (separated by colons) and /usr/lib/debug, by build id and by the \
             name in .gnu_debuglink; beside the file and in .debug there; and, only if \
             DEBUGINFOD_URLS names servers, from these, by build id. DEBUGINFOD_TIMEOUT, \
             DEBUGINFOD_MAXSIZE and DEBUGINFOD_CACHE_PATH mean what they mean to elfutils. What \
             is of another build is not used. Where nothing is found, names stay as they are.",
        )
        .arg(
            Arg::new(name::DEBUG_DIR)
                .long(name::DEBUG_DIR)
                .value_name("DIR")
                .action(ArgAction::Append)
                .value_parser(value_parser!(PathBuf))
                .help(
                    "Folder with debug information, looked into first; can be given several times",
                ),
        )
        .arg(
            Arg::new(name::OUTPUT)
                .short('o')
                .long(name::OUTPUT)
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Where to write the profile, if there is only one [default: in place]"),
        )
        .arg(
            Arg::new(name::FILES)
                .help("Profiles, gzip or plain")
                .required(true)
                .num_args(1..)
                .value_parser(value_parser!(PathBuf)),
        )
        .after_help(behind::text(
            &[
                ("lockprof symbolize FILE", "in place"),
                (
                    "lockprof symbolize --debug-dir symbols -o named.pb.gz FILE",
                    "from separate debug files, into another file",
                ),
            ],
            behind::OF_READERS,
        ))
}

/// What `lockprof run` takes.
pub(super) fn without() -> Arg {
    Arg::new(name::NO_SYMBOLIZE)
        .long(name::NO_SYMBOLIZE)
        .action(ArgAction::SetTrue)
        .help("Add no source lines and inlined functions to profiles; so does --symbols off")
}
