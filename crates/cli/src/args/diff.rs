//! The arguments of `lockprof diff`.

use std::path::PathBuf;

use clap::{Arg, ArgAction, Command, value_parser};

use super::{behind, name, selection};
use crate::analyse::diff::QUANTITIES;

/// What it may be given.
pub(super) fn diff() -> Command {
    Command::new(name::DIFF)
        .about("Compares two profiles, lock by lock or place by place")
        .long_about(
            "Compares two profiles, lock by lock or place by place.\n\n\
             Locks are known by their names, places by function and file, since addresses and \
             lines change. A difference is significant if it is larger than what sampling \
             explains, the root of the sum of the squares of both ±. That says nothing about how \
             much two runs of the same program differ.",
        )
        .override_usage("lockprof diff [OPTIONS] BEFORE AFTER")
        .args(options())
        .args(selection::filters())
        .arg(selection::min_wait())
        .arg(
            Arg::new(name::FILES)
                .value_name("PROFILE")
                .help("Two profiles: before and after")
                .required(true)
                .num_args(2)
                .value_parser(value_parser!(PathBuf)),
        )
        .after_help(behind::text(
            &[
                ("lockprof diff old.pb.gz new.pb.gz", "lock by lock"),
                (
                    "lockprof diff --by site --value hold old.pb.gz new.pb.gz",
                    "where locks are held longer",
                ),
                (
                    "lockprof diff --fail-on 'wait>+20%' --min-wait 10ms old.pb.gz new.pb.gz",
                    "fails a CI job if waiting grew; locks with less than 10 ms of it do not count",
                ),
            ],
            &[
                ("0", "all is well"),
                (
                    "1",
                    "a profile cannot be read, filters leave nothing that a --fail-on could check, or the \
                     output cannot be written",
                ),
                ("2", "an argument is wrong"),
                ("3", "a --fail-on is broken"),
            ],
        ))
}

fn options() -> [Arg; 6] {
    [
        Arg::new(name::BY)
            .long(name::BY)
            .value_name("WHAT")
            .value_parser(["lock", "site"])
            .default_value("lock")
            .help("What one row is about: all locks of a name, or a place in the code"),
        Arg::new(name::VALUE)
            .long(name::VALUE)
            .value_name("VALUE")
            .value_parser(QUANTITIES.each_ref().map(|quantity| quantity.key))
            .default_value("wait")
            .help("What is shown in full, and decides the order"),
        Arg::new(name::SCALE)
            .long(name::SCALE)
            .value_name("OF")
            .value_parser(["auto", "whole", "second"])
            .default_value("auto")
            .help(
                "Whether numbers are of the whole profiles, or of one second of each, as auto \
                 has it where their lengths differ by more than 1 %",
            ),
        Arg::new(name::FORMAT)
            .long(name::FORMAT)
            .value_name("FORMAT")
            .value_parser(["table", "json", "csv", "markdown"])
            .default_value("table")
            .help("What comes out; in json and csv are all values"),
        Arg::new(name::TOP)
            .long(name::TOP)
            .value_name("N")
            .value_parser(value_parser!(usize))
            .help("How many rows, 0 for all [default: 20 for people, else all]"),
        Arg::new(name::FAIL_ON)
            .long(name::FAIL_ON)
            .value_name("CONDITION")
            .action(ArgAction::Append)
            .help(
                "End with status 3 if some row, or the sum, has grown by more, and significantly: \
                 wait>+20%, wait>+5ms, waits>+100; wait, waits, hold and acquisitions; may be \
                 given several times. Of what was not there before, every growth is more than \
                 any per cent",
            ),
    ]
}
