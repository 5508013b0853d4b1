//! The arguments of `lockprof html`.

use std::path::PathBuf;

use clap::{Arg, Command, value_parser};

/// Names of the arguments.
pub(crate) mod name {
    pub(crate) const FILES: &str = "FILE";
    pub(crate) const HTML: &str = "html";
    pub(crate) const OUTPUT: &str = "output";
}

/// What `lockprof html` may be given.
pub(super) fn html() -> Command {
    Command::new(name::HTML)
        .about("Writes a page that shows profiles in a browser, complete in one file")
        .long_about(
            "Writes a page that shows profiles in a browser, complete in one file: the tables of \
             the report, flame graphs, who waits for whom, how long waits and holds were, and, of \
             several files, when. The page asks for nothing from any network.",
        )
        .arg(
            Arg::new(name::OUTPUT)
                .short('o')
                .long(name::OUTPUT)
                .value_name("FILE")
                .help("The page [default: standard output, if that is no terminal]")
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(files("Profiles, gzip or plain"))
}

fn files(help: &'static str) -> Arg {
    Arg::new(name::FILES)
        .help(help)
        .required(true)
        .num_args(1..)
        .value_parser(value_parser!(PathBuf))
}
