//! The arguments of `lockprof html` and `lockprof serve`, which make the same page.

use std::path::PathBuf;

use clap::{Arg, Command, value_parser};

use super::behind;

/// Names of the arguments.
pub(crate) mod name {
    pub(crate) const FILES: &str = "FILE";
    pub(crate) const HTML: &str = "html";
    pub(crate) const OUTPUT: &str = "output";
    pub(crate) const PORT: &str = "port";
    pub(crate) const SERVE: &str = "serve";
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
        .after_help(behind::text(
            &[
                (
                    "lockprof html app.pb.gz -o app.html",
                    "a page to open, keep or send",
                ),
                (
                    "lockprof html monday/*.pb.gz -o monday.html",
                    "several profiles, added up, and when what happened",
                ),
            ],
            behind::OF_READERS,
        ))
}

/// What `lockprof serve` may be given.
pub(super) fn serve() -> Command {
    Command::new(name::SERVE)
        .about("Serves that page on this machine, anew whenever the files change")
        .long_about(
            "Serves the page of `lockprof html` on 127.0.0.1, for browsers on this machine, until \
             Ctrl-C. The page is made anew whenever it is asked for, and an open one loads itself \
             again when a file has changed.",
        )
        .arg(
            Arg::new(name::PORT)
                .short('p')
                .long(name::PORT)
                .value_name("PORT")
                .default_value("0")
                .help("The port, 0 for any that is free")
                .value_parser(value_parser!(u16)),
        )
        .arg(files(
            "Profiles, gzip or plain, or directories: all *.pb.gz and *.pb in them",
        ))
        .after_help(behind::text(
            &[
                (
                    "lockprof serve /var/profiles",
                    "all profiles of a directory; the address is printed",
                ),
                (
                    "lockprof serve --port 8080 app.pb.gz",
                    "one profile at a known address",
                ),
            ],
            behind::OF_READERS,
        ))
}

fn files(help: &'static str) -> Arg {
    Arg::new(name::FILES)
        .help(help)
        .required(true)
        .num_args(1..)
        .value_parser(value_parser!(PathBuf))
}
