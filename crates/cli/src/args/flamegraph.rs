//! The arguments of `lockprof flamegraph`.

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command};

use super::{behind, name, selection};

/// What it may be given.
pub(super) fn flamegraph() -> Command {
    Command::new(name::FLAMEGRAPH)
        .about("Draws where threads wait, or hold, as a flame graph in one SVG file")
        .long_about(
            "Draws where threads wait, or hold, as a flame graph in one SVG file.\n\n\
             A browser shows it, with nothing else: a click on a frame zooms, Escape goes back, \
             / searches. Widths are sums over the whole profile.",
        )
        .args([
            Arg::new(name::VALUE)
                .long(name::VALUE)
                .value_name("VALUE")
                .value_parser(PossibleValuesParser::new(selection::measures()))
                .help("What widths are [default: wait]"),
            selection::root(),
            Arg::new(name::TITLE)
                .long(name::TITLE)
                .value_name("TEXT")
                .allow_hyphen_values(true)
                .help("What stands above it [default: what it shows]"),
            Arg::new(name::ICICLE)
                .long(name::ICICLE)
                .action(ArgAction::SetTrue)
                .help("Outermost functions on top"),
            Arg::new(name::OUT)
                .short('o')
                .long(name::OUT)
                .value_name("FILE")
                .help("Where it is written to [default: standard output]"),
        ])
        .args(selection::filters())
        .arg(selection::files())
        .after_help(behind::text(
            &[
                ("lockprof flamegraph -o waits.svg FILE", "who waits"),
                (
                    "lockprof flamegraph --value hold --root lock -o held.svg FILE",
                    "who holds, lock by lock",
                ),
                (
                    "lockprof flamegraph --value blocked --lock cache FILE > to-blame.svg",
                    "whose holds made others wait for locks with cache in their names",
                ),
            ],
            behind::OF_READERS,
        ))
}
