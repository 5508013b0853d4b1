//! The arguments of `lockprof doctor`.

use std::ffi::OsString;

use clap::{Arg, ArgGroup, Command, value_parser};

use super::{behind, name};

/// What it may be given.
pub(super) fn doctor() -> Command {
    Command::new(name::DOCTOR)
        .about("Says why there are no samples, and what to do")
        .long_about(
            "Says why there are no samples, and what to do.\n\n\
             Looks at a running process, or at a program that is to be run, with the variables it \
             has or would have. It changes nothing and starts nothing. The exit status is 0 when \
             nothing is wrong, 1 when something is, 2 when the arguments are.",
        )
        .override_usage("lockprof doctor PID\n       lockprof doctor -- PROGRAM [ARGUMENTS]...")
        .arg(
            Arg::new(name::PID)
                .help("The process")
                .value_parser(value_parser!(u32).range(1..)),
        )
        .arg(
            Arg::new(name::PROGRAM)
                .help("The program and its arguments")
                .num_args(1..)
                .last(true)
                .value_parser(value_parser!(OsString)),
        )
        .group(
            ArgGroup::new("whom")
                .args([name::PID, name::PROGRAM])
                .required(true),
        )
        .after_help(behind::text(
            &[
                ("lockprof doctor 4711", "a process that runs"),
                ("lockprof doctor -- ./app", "a program that is to be run"),
            ],
            &[
                ("0", "nothing is wrong"),
                ("1", "something is"),
                ("2", "an argument is wrong"),
            ],
        ))
}
