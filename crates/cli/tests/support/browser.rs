//! Pages in a browser without a window: what they come to when their scripts have run.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    reason = "a test fails by panicking, and no file of tests needs all of this"
)]

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Scratch, stdout, tool};

/// The document of an address, after its scripts.
pub(crate) fn document_of(scratch: &Scratch, address: &str) -> String {
    let mut profile = OsString::from("--user-data-dir=");
    profile.push(scratch.join("browser"));
    let output = tool(
        "chromium",
        &[
            "--headless".as_ref(),
            "--no-sandbox".as_ref(),
            "--disable-dev-shm-usage".as_ref(),
            "--use-angle=swiftshader".as_ref(),
            "--enable-unsafe-swiftshader".as_ref(),
            "--virtual-time-budget=10000".as_ref(),
            &profile,
            "--dump-dom".as_ref(),
            address.as_ref(),
        ],
    );
    stdout(&output)
}

/// A file of an npm package that scripts/check has installed.
pub(crate) fn package_file(path: &str) -> PathBuf {
    // The build's own folder is target/debug, or below it.
    let executable = Path::new(env!("CARGO_BIN_EXE_lockprof"));
    let target = executable.ancestors().nth(2).unwrap();
    let file = target.join("tools/npm/node_modules").join(path);
    assert!(
        file.exists(),
        "{} is missing: scripts/check installs it",
        file.display()
    );
    file
}
