//! The arguments of `lockprof run`: the options of the library, and the program.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command, ValueHint, value_parser};
use contract::options::{Opt, TABLE, Values};

use super::{behind, name, symbolize};

/// What it may be given.
pub(super) fn run() -> Command {
    Command::new(name::RUN)
        .about("Runs a program under liblockprof and shows its most contended locks")
        .long_about(
            "Runs a program under liblockprof and shows its most contended locks.\n\n\
             The program keeps its standard streams and its arguments; what lockprof itself has \
             to say goes to standard error, after the program has ended; in colours on a terminal, \
             unless NO_COLOR is set.",
        )
        .after_help(behind::text(
            &[
                (
                    "lockprof run -- ./app --port 80",
                    "a program with its arguments",
                ),
                (
                    "lockprof run --sample 1 -- ./app",
                    "every acquisition counts",
                ),
                (
                    "lockprof run -o out.pb.gz -- ./app",
                    "the profile in this file",
                ),
            ],
            &[
                (
                    "*",
                    "the program's: the same code, or death by the same signal",
                ),
                ("2", "an option is wrong"),
                ("126", "the program cannot be executed"),
                ("127", "the program, or liblockprof.so, is not found"),
            ],
        ))
        .override_usage("lockprof run [OPTIONS] [--] PROGRAM [ARGUMENTS]...")
        .args(
            TABLE
                .iter()
                .filter_map(|opt| opt.flag.map(|flag| option(opt, flag))),
        )
        .arg(
            Arg::new(name::QUIET)
                .short('q')
                .long(name::QUIET)
                .action(ArgAction::SetTrue)
                .help("Print nothing of our own after the program has ended"),
        )
        .arg(symbolize::without())
        .arg(
            Arg::new(name::PROGRAM)
                .help("The program and its arguments")
                .value_hint(ValueHint::CommandWithArguments)
                .required(true)
                .num_args(1..)
                .trailing_var_arg(true)
                .value_parser(value_parser!(OsString)),
        )
}

/// The flag of an option of the table.
fn option(opt: &'static Opt, flag: &'static str) -> Arg {
    let default = if opt.default.is_empty() {
        String::new()
    } else {
        format!("default: {}; ", opt.default)
    };
    let takes = match opt.values {
        Values::Text => String::new(),
        _ => format!(" ({})", opt.values.describe()),
    };
    let arg = Arg::new(opt.name)
        .long(flag)
        .value_name(match opt.values {
            Values::Switch => "0|1",
            Values::SwitchOrAuto => "0|1|auto",
            Values::Count { .. } => "N",
            Values::Time { .. } => "TIME",
            Values::Percent { .. } => "PERCENT",
            Values::Words(_) | Values::SignedWords(_) => "WORDS",
            Values::Word(_) => "WORD",
            Values::Text => "TEXT",
            Values::Places => "PLACES",
            Values::Tags => "KEY:VALUE,...",
            Values::Pairs => "KEY=VALUE,...",
            Values::Url { .. } => "URL",
            Values::Signal => "SIGNAL",
        })
        .allow_hyphen_values(true)
        .help(format!("{}{takes} [{default}env: {}]", opt.help, opt.name));
    if flag == "output" {
        arg.short('o')
    } else {
        arg
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;
    use crate::args::command;

    #[test]
    fn every_option_of_the_table_is_a_flag_with_its_help() {
        let help = run().render_long_help().to_string();
        let help: Vec<&str> = help.split_whitespace().collect();
        let help = help.join(" ");
        for opt in TABLE {
            let Some(flag) = opt.flag else {
                // Another option's help may speak of it.
                let own = format!("env: {}]", opt.name);
                assert!(!help.contains(&own), "{}", opt.name);
                continue;
            };
            assert!(help.contains(&format!("--{flag} <")), "{flag}");
            assert!(help.contains(opt.help), "{flag}");
            assert!(help.contains(opt.name), "{flag}");
        }
    }

    #[test]
    fn what_stands_behind_the_program_is_the_programs() {
        for line in [
            &[
                "lockprof", "run", "--sample", "7", "--", "app", "--sample", "x", "-q",
            ][..],
            &[
                "lockprof",
                "run",
                "--sample=7",
                "app",
                "--sample",
                "x",
                "-q",
            ],
        ] {
            let matches = command().try_get_matches_from(line).unwrap();
            let (_, matches) = matches.subcommand().unwrap();
            let program: Vec<_> = matches
                .get_many::<OsString>(name::PROGRAM)
                .unwrap()
                .collect();
            assert_eq!(program, ["app", "--sample", "x", "-q"]);
            assert_eq!(matches.get_one::<String>("LOCKPROF_SAMPLE").unwrap(), "7");
            assert!(!matches.get_flag(name::QUIET));
        }
    }
}
