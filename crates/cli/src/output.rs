//! The one place that prints. A reader that has gone away is no error.
#![allow(
    clippy::disallowed_methods,
    reason = "this is the place that the ban names"
)]

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use crate::render::paint::Paper;
use crate::render::printable::printable;

/// What every message of ours begins with.
const PREFIX: &str = "lockprof: ";

/// Prints to standard output. Returns whether it went through, or nobody reads it.
pub(crate) fn print(text: &str) -> bool {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Ok(()) => true,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => true,
        Err(error) => {
            message(&format!("cannot write the report: {}", reason(&error)));
            false
        }
    }
}

/// Prints one line about ourselves to standard error.
pub(crate) fn message(line: &str) {
    print_error(&format!("{PREFIX}{}\n", printable(line)));
}

/// Prints to standard error as it is; there is nobody to tell if that fails.
pub(crate) fn print_error(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes());
    let _ = stderr.flush();
}

/// Prints what clap says about the arguments: help, the version, or a mistake.
pub(crate) fn arguments(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    if error.use_stderr() {
        // Help for want of arguments is no message of ours.
        let prefix = if text.starts_with("error") {
            PREFIX
        } else {
            ""
        };
        print_error(&format!("{prefix}{text}"));
        ExitCode::from(2)
    } else if print(&text) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Whether standard output is a terminal.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether there is somebody to draw for, and to press keys, and a cursor to move.
pub(crate) fn is_screen() -> bool {
    let has_cursor = std::env::var_os("TERM").is_some_and(|term| term != "dumb");
    has_cursor && is_terminal() && io::stdin().is_terminal()
}

/// Standard output as a screen, to be drawn on.
pub(crate) fn screen() -> io::Stdout {
    io::stdout()
}

/// Width of standard output, if it is a terminal.
pub(crate) fn width() -> Option<usize> {
    columns(terminal_size::terminal_size_of(io::stdout()))
}

/// What standard error is.
pub(crate) fn error_paper() -> Paper {
    Paper {
        width: columns(terminal_size::terminal_size_of(io::stderr())),
        has_colours: has_colours(io::stderr().is_terminal()),
    }
}

/// Whether colours are wanted: on a terminal that has them, unless NO_COLOR says no, and
/// anywhere where CLICOLOR_FORCE says so.
fn has_colours(is_terminal: bool) -> bool {
    if anstyle_query::no_color() {
        return false;
    }
    let is_usual = anstyle_query::clicolor().unwrap_or(true);
    anstyle_query::clicolor_force()
        || (is_usual && is_terminal && anstyle_query::term_supports_color())
}

fn columns(size: Option<(terminal_size::Width, terminal_size::Height)>) -> Option<usize> {
    size.map(|(width, _)| usize::from(width.0))
        .filter(|width| *width > 0)
}

/// An error of the system in few words.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "no such file or directory".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::IsADirectory => "is a directory".to_owned(),
        _ => {
            let text = error.to_string();
            match text.split_once(" (os error") {
                Some((text, _)) => text.to_lowercase(),
                None => text,
            }
        }
    }
}
