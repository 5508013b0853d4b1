//! The arguments of `lockprof top`, `off` and `on`: commands about a running program.

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command, value_parser};

use super::{behind, name};
use crate::top::rates::SORTS;

/// How to get a program that can be asked.
const REACHED: &str = "The program must have been started by lockprof run, or with \
                       LOCKPROF_CONTROL=1 beside LD_PRELOAD, by the same user; it listens once \
                       it has threads, on a socket that is seen only inside its network namespace.";

/// What all of them end with.
const OF_ASKERS: &[(&str, &str)] = &[
    ("0", "all is well, or the program has ended meanwhile"),
    (
        "1",
        "the program cannot be asked, or standard output not be written to",
    ),
    ("2", "an argument is wrong"),
];

/// What `top` may be given.
pub(super) fn top() -> Command {
    Command::new(name::TOP)
        .about("Shows what a running program does with its locks: rates, who waits now, who holds")
        .long_about(format!(
            "Shows what a running program does with its locks: rates, who waits now, who holds.\n\n\
             {REACHED}\n\n\
             WAIT/s is the waiting of all threads per second, HELD the share of time in which \
             the lock was held, NOW the threads that wait at this moment, HOLDER the thread that \
             holds it and SINCE for how long; with > for at least as long as the others wait, \
             where its taking was not recorded. All but NOW and HOLDER are estimates. The first \
             screen is about all the time since the program began.\n\n\
             Keys: arrows and Page keys choose a lock, Enter shows its stacks, s changes the \
             order, / filters by name or place, p pauses, o switches profiling off and on, q ends.",
        ))
        .arg(pid())
        .arg(
            Arg::new(name::INTERVAL)
                .long(name::INTERVAL)
                .value_name("SECONDS")
                .default_value("1")
                .value_parser(value_parser!(u64).range(1..=3600))
                .help("Time between two looks"),
        )
        .arg(
            Arg::new(name::SORT)
                .long(name::SORT)
                .value_name("KEY")
                .default_value("wait")
                .value_parser(PossibleValuesParser::new(SORTS.map(|(_, name)| name)))
                .help("What decides the order"),
        )
        .arg(
            Arg::new(name::ONCE)
                .long(name::ONCE)
                .action(ArgAction::SetTrue)
                .help("Print one table after one interval and end, as when not on a terminal"),
        )
        .after_help(behind::text(
            &[
                ("lockprof top 4711", "look on until q is pressed"),
                (
                    "lockprof top --once --interval 10 4711",
                    "ten seconds, as one table",
                ),
            ],
            OF_ASKERS,
        ))
}

/// What `off` may be given.
pub(super) fn off() -> Command {
    Command::new(name::OFF)
        .about("Switches profiling of a running program off; its profile stays")
        .long_about(format!(
            "Switches profiling of a running program off; its profile stays.\n\n\
             Every call leads straight to the C library from then on. {REACHED}",
        ))
        .arg(pid())
        .after_help(behind::text(
            &[(
                "lockprof off 4711",
                "every call leads straight to the C library now",
            )],
            OF_ASKERS,
        ))
}

/// What `on` may be given.
pub(super) fn on() -> Command {
    Command::new(name::ON)
        .about("Switches profiling of a running program on again")
        .long_about(format!(
            "Switches profiling of a running program on again.\n\n{REACHED}",
        ))
        .arg(pid())
        .after_help(behind::text(
            &[("lockprof on 4711", "what follows is in the profile again")],
            OF_ASKERS,
        ))
}

fn pid() -> Arg {
    Arg::new(name::PID)
        .help("The process")
        .required(true)
        .value_parser(value_parser!(u32).range(1..))
}
