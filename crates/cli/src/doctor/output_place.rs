//! Where profiles are to be written: whether that is possible.

use std::path::{Path, PathBuf};

use contract::options::Options;

use super::{Check, Subject};
use crate::process;

/// A profile is seldom larger.
const ENOUGH_BYTES: u64 = 4 << 20;

pub(super) fn check(subject: &Subject, options: &Options) -> Vec<Check> {
    if !options.sinks.contains(&"file") {
        return vec![Check::doubt(
            "no file is written, by LOCKPROF_SINK",
            "add file to LOCKPROF_SINK to have one beside what is sent",
        )];
    }
    let folders = folders(subject, options);
    if folders.is_empty() {
        return Vec::new();
    }
    let is_ours = subject
        .process
        .as_ref()
        .is_none_or(|process| process.user == rustix::process::geteuid().as_raw());
    let shown = |folder: &Path| {
        let real = folder.canonicalize();
        real.unwrap_or_else(|_| folder.to_owned())
            .display()
            .to_string()
    };
    let Some(folder) = folders
        .iter()
        .find(|folder| process::is_writable_folder(folder))
    else {
        let all: Vec<String> = folders.iter().map(|folder| shown(folder)).collect();
        return vec![Check::bad(
            format!("profiles cannot be written into {}", all.join(", ")),
            "let LOCKPROF_OUTPUT name a folder that exists and that the program's user may write to",
        )];
    };
    let mut checks = vec![match is_ours {
        true => Check::good(format!("profiles can be written into {}", shown(folder))),
        false => Check::doubt(
            format!(
                "profiles go into {}, which another user must be able to write to",
                shown(folder)
            ),
            "ask as the program's user to be sure",
        ),
    }];
    if let Ok(disk) = rustix::fs::statvfs(folder) {
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free < ENOUGH_BYTES {
            checks.push(Check::bad(
                format!("its disk is full: {free} bytes are left"),
                "make room, or let LOCKPROF_OUTPUT name a folder on another disk",
            ));
        }
    }
    checks
}

/// Folders that are tried, best first; none when a pattern leaves them open.
pub(super) fn folders(subject: &Subject, options: &Options) -> Vec<PathBuf> {
    let Some(output) = &options.output else {
        let temporary = subject.variable("TMPDIR").map(|path| subject.seen(path));
        return std::iter::once(subject.folder.clone())
            .chain(temporary)
            .chain([subject.seen("/tmp")])
            .collect();
    };
    let place = subject.seen(output);
    let folder = if output.ends_with('/') || place.is_dir() {
        place
    } else {
        place.parent().unwrap_or(Path::new("/")).to_owned()
    };
    let is_open = folder.to_string_lossy().contains('%');
    if is_open { Vec::new() } else { vec![folder] }
}
