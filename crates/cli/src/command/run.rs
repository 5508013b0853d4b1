//! `lockprof run`: a program under the library, and what its profiles say.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::ArgMatches;
use contract::file_name::{self, Identity};
use contract::options::{self, CONTROL, Options, RUN, Symbols, TABLE};

use super::symbolize;
use crate::args::{self, name};
use crate::load::Loaded;
use crate::process::{self, Ended};
use crate::render::digest;
use crate::search::{self, Run};
use crate::why::Case;
use crate::{locate, output};

/// Profiles named one by one after a run.
const MOST_FILES: usize = 10;

const PRELOAD: &str = "LD_PRELOAD";
const OUTPUT: &str = "LOCKPROF_OUTPUT";

/// As shells say it: not executable, not found, ended by a signal (and which).
const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;
const SIGNALLED: u8 = 128;
/// The arguments are wrong.
const USAGE: u8 = 2;

/// Carries out the command.
pub(crate) fn run(matches: &ArgMatches) -> ExitCode {
    match Job::prepare(matches) {
        Ok(job) => job.carry_out(),
        Err((code, message)) => {
            output::message(&message);
            ExitCode::from(code)
        }
    }
}

/// Why a program was not started: our exit code and what to say.
type Refusal = (u8, String);

/// A program that can be started.
struct Job {
    program: OsString,
    command: Command,
    options: Options,
    run: Run,
    is_quiet: bool,
    /// Whether source lines are added to its profiles.
    with_lines: bool,
}

impl Job {
    fn prepare(matches: &ArgMatches) -> Result<Self, Refusal> {
        let flags = flags(matches).map_err(|message| (USAGE, message))?;
        let value = |name: &str| {
            let flag = flags.iter().find(|(flag, _)| *flag == name);
            flag.map_or_else(|| env::var(name).ok(), |(_, value)| Some(value.clone()))
        };
        // The library complains about what it does not understand; once is enough.
        let (options, _) = options::resolve(value);
        if let Some((_, output)) = flags.iter().find(|(name, _)| *name == OUTPUT) {
            prepare_output(output).map_err(|message| (USAGE, message))?;
        }
        // So that lockprof top can look on; who says otherwise is heard.
        let control = value(CONTROL).is_none().then_some((CONTROL, "1"));
        let library = locate::library().map_err(|message| (NOT_FOUND, message))?;
        let mut words = matches
            .get_many::<OsString>(name::PROGRAM)
            .into_iter()
            .flatten();
        let program = words.next().cloned().unwrap_or_default();
        let run = Run::begin(options.output.clone());
        let mut command = Command::new(&program);
        command
            .args(words)
            .envs(flags)
            .envs(control)
            .env(PRELOAD, preload(&library))
            .env(RUN, &run.id);
        Ok(Self {
            program,
            command,
            with_lines: options.symbols != Symbols::Off
                && !matches.get_flag(args::symbolize::name::NO_SYMBOLIZE),
            options,
            run,
            is_quiet: matches.get_flag(name::QUIET),
        })
    }

    fn carry_out(mut self) -> ExitCode {
        match process::run(&mut self.command) {
            Ok(ended) => {
                self.conclude(ended);
                exit_as(ended)
            }
            Err(error) => {
                let program = self.program.to_string_lossy();
                let reason = start_reason(&error, &self.program);
                output::message(&format!("{program}: {reason}"));
                ExitCode::from(match error.kind() {
                    ErrorKind::NotFound => NOT_FOUND,
                    _ => NOT_EXECUTABLE,
                })
            }
        }
    }

    /// Adds lines to the profiles of this run, and says what they say or why there is none.
    fn conclude(&self, ended: Ended) {
        if self.is_quiet && !self.with_lines {
            return;
        }
        let (mut profiles, unreadable) = self.run.profiles();
        if self.with_lines {
            symbolize::after_run(&mut profiles, self.is_quiet);
        }
        if !self.is_quiet {
            let profiles = profiles.into_iter();
            let profiles = profiles.map(|(path, profile, _)| Loaded::new(path, profile));
            self.tell(ended, profiles.collect(), &unreadable);
        }
    }

    fn tell(&self, ended: Ended, profiles: Vec<Loaded>, unreadable: &[String]) {
        if profiles.is_empty() {
            for reason in unreadable.iter().take(MOST_FILES) {
                output::message(reason);
            }
            let case = Case {
                program: &self.program,
                options: &self.options,
                ended,
                folders: &self.run.folders(),
            };
            output::message(&format!("no profile: {}", case.reason()));
            return;
        }
        let digest = digest::render(&profiles, output::error_paper());
        output::print_error(&format!("\n{digest}"));
        name_files(&profiles);
    }
}

impl Run {
    fn begin(output: Option<String>) -> Self {
        let started = SystemTime::now();
        let since_1970 = started.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            id: format!("{}-{}", std::process::id(), since_1970.as_millis()),
            started,
            output,
        }
    }
}

/// The options given as flags, under the names of their variables.
fn flags(matches: &ArgMatches) -> Result<Vec<(&'static str, String)>, String> {
    let mut flags = Vec::new();
    for opt in TABLE {
        let Some(flag) = opt.flag else { continue };
        let Some(value) = matches.get_one::<String>(opt.name) else {
            continue;
        };
        options::check(opt.name, value)
            .map_err(|complaint| format!("--{flag} {value}: {}", complaint.reason))?;
        flags.push((opt.name, value.clone()));
    }
    // The program may change its folder before the first profile is written.
    for (_, value) in flags.iter_mut().filter(|(name, _)| *name == OUTPUT) {
        *value = absolute(value);
    }
    Ok(flags)
}

/// An output place that does not depend on the current folder. A trailing slash stays:
/// it says that the place is a folder.
fn absolute(output: &str) -> String {
    if output.is_empty() || output.starts_with('/') {
        return output.to_owned();
    }
    let folder = env::current_dir().ok();
    match folder.as_deref().and_then(Path::to_str) {
        // In a pattern a percent sign of the folder would mean something.
        Some(folder) if !folder.contains('%') => format!("{folder}/{output}"),
        _ => output.to_owned(),
    }
}

/// Sees to it that profiles can be written there.
fn prepare_output(output: &str) -> Result<(), String> {
    if output.is_empty() {
        return Ok(());
    }
    let complaint = |place: &Path, why: &str| format!("{}: {why}", place.display());
    if output.ends_with('/') {
        return fs::create_dir_all(output)
            .map_err(|error| complaint(Path::new(output), &output::reason(&error)));
    }
    let nobody = Identity {
        executable: String::new(),
        pid: 0,
        start_ms: 0,
    };
    let is_folder = search::is_folder(output);
    file_name::expand(output, is_folder, &nobody)
        .map_err(|why| complaint(Path::new(output), &why))?;
    let parent = Path::new(output).parent().unwrap_or(Path::new(""));
    let is_open = parent.as_os_str().is_empty() || output_has_pattern(parent);
    if is_folder || is_open || parent.is_dir() {
        Ok(())
    } else {
        Err(complaint(parent, "no such folder"))
    }
}

fn output_has_pattern(folder: &Path) -> bool {
    folder.to_str().is_none_or(|folder| folder.contains('%'))
}

/// Our library in front of what is preloaded already.
fn preload(library: &Path) -> OsString {
    let mut value = OsString::from(library);
    if let Some(more) = env::var_os(PRELOAD).filter(|more| !more.is_empty()) {
        value.push(":");
        value.push(more);
    }
    value
}

fn start_reason(error: &io::Error, program: &OsStr) -> String {
    match error.kind() {
        ErrorKind::NotFound if !program.as_encoded_bytes().contains(&b'/') => {
            "command not found".to_owned()
        }
        _ => output::reason(error),
    }
}

fn name_files(profiles: &[Loaded]) {
    for file in profiles.iter().take(MOST_FILES) {
        output::message(&format!("profile: {}", file.path.display()));
    }
    if let Some(more) = profiles.len().checked_sub(MOST_FILES).filter(|n| *n > 0) {
        output::message(&format!("… and {more} more profiles beside them"));
    }
}

/// Ends us as the program has ended.
fn exit_as(ended: Ended) -> ExitCode {
    match ended {
        Ended::Code(code) => ExitCode::from(code),
        Ended::Signal(signal) => {
            process::die_by(signal);
            let signal = u8::try_from(signal).unwrap_or(0);
            ExitCode::from(SIGNALLED.saturating_add(signal))
        }
    }
}
