//! `lockprof --version`: this build, and the library that programs would run under.

use std::process::ExitCode;

use crate::{library, output};

/// Prints what was asked for: clap makes a request for the version an error.
pub(crate) fn version(asked: &clap::Error) -> ExitCode {
    let mut text = asked.render().to_string();
    // The short form is for scripts.
    if text.trim_end().contains('\n') {
        text.push_str(&format!("library: {}\n", library::described()));
    }
    if output::print(&text) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
