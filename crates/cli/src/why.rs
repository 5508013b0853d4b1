//! Why a program left no profile, as far as that can be known afterwards.

use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use contract::options::Options;

use crate::elf::{self, Executable};
use crate::process::{self, Ended};
use crate::render::units;

/// How many scripts may run scripts.
const MOST_SCRIPTS: usize = 4;
/// Set-user-id and set-group-id bits.
const SET_ID: u32 = 0o6000;

/// What is known about a program that has ended.
pub(crate) struct Case<'a> {
    /// As the user wrote it.
    pub(crate) program: &'a OsStr,
    /// What it was told.
    pub(crate) options: &'a Options,
    /// How it ended.
    pub(crate) ended: Ended,
    /// Folders in which a profile could have been; one of them must be writable.
    pub(crate) folders: &'a [PathBuf],
}

impl Case<'_> {
    /// The best reason there is, in one line.
    pub(crate) fn reason(&self) -> String {
        if !self.options.enabled {
            return "profiling is switched off (LOCKPROF_ENABLED or one of its aliases is 0)"
                .to_owned();
        }
        if let Some(reason) = find(self.program).and_then(|path| of_file(&path)) {
            return reason;
        }
        if !self
            .folders
            .iter()
            .any(|folder| process::is_writable_folder(folder))
        {
            let folders: Vec<_> = self
                .folders
                .iter()
                .map(|folder| folder.display().to_string())
                .collect();
            return format!("nothing can be written into {}", folders.join(", "));
        }
        if let Ended::Signal(signal) = self.ended {
            return format!(
                "it was ended by signal {signal}, before its first profile (due after {}) or \
                 before it took a lock that liblockprof sees",
                units::time(self.options.first_interval_ns)
            );
        }
        "it took no lock that liblockprof sees, or the library has said why it wrote nothing"
            .to_owned()
    }
}

/// The file that the system runs for a program's name.
pub(crate) fn find(program: &OsStr) -> Option<PathBuf> {
    if program.as_bytes().contains(&b'/') {
        return Some(program.into());
    }
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|path| {
            path.metadata()
                .is_ok_and(|file| file.is_file() && file.mode() & 0o111 != 0)
        })
}

/// Why a library cannot be preloaded into this file's program.
pub(crate) fn of_file(path: &Path) -> Option<String> {
    let mut path = path.to_owned();
    for _ in 0..MOST_SCRIPTS {
        let shown = path.display();
        let metadata = path.metadata().ok()?;
        return match elf::inspect(&path).ok()? {
            Executable::Script(line) => {
                path = interpreter(&line)?;
                continue;
            }
            _ if metadata.mode() & SET_ID != 0 => Some(format!(
                "{shown} is set-user-id or set-group-id: the system preloads nothing into it"
            )),
            Executable::Bits32 => Some(format!(
                "{shown} is a 32-bit program, liblockprof has 64 bits"
            )),
            Executable::OtherMachine => Some(format!("{shown} is for another kind of machine")),
            Executable::Static => Some(format!(
                "{shown} is statically linked: nothing can be preloaded into it"
            )),
            Executable::Dynamic(loader) if loader.contains("musl") => Some(format!(
                "{shown} uses musl ({loader}), liblockprof is for glibc"
            )),
            Executable::Dynamic(_) | Executable::Unknown => None,
        };
    }
    None
}

/// The program that runs a script with this first line.
fn interpreter(line: &str) -> Option<PathBuf> {
    let mut words = line.split_ascii_whitespace();
    let first = words.next()?;
    if first.ends_with("/env") {
        let program = words.find(|word| !word.starts_with('-') && !word.contains('='))?;
        return find(&OsString::from(program));
    }
    Some(first.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_followed_to_their_interpreter() {
        assert_eq!(interpreter("/bin/sh -e"), Some("/bin/sh".into()));
        assert_eq!(interpreter(""), None);
        let shell = interpreter("/usr/bin/env -S A=1 sh -e");
        assert!(shell.is_some_and(|path| path.ends_with("sh")));
        assert_eq!(interpreter("/usr/bin/env"), None);
    }

    #[test]
    fn programs_are_found_where_the_system_finds_them() {
        assert_eq!(find(OsStr::new("./x")), Some("./x".into()));
        assert!(find(OsStr::new("sh")).is_some_and(|path| path.is_absolute()));
        assert_eq!(find(OsStr::new("no such program")), None);
    }

    #[test]
    fn usual_programs_give_no_reason() {
        assert_eq!(of_file(Path::new("/bin/sh")), None);
        assert_eq!(of_file(Path::new("/nowhere")), None);
    }
}
