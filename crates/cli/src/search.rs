//! The profiles that a run has left: where they may be, and which are its own.

use std::env;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use contract::profile::Profile;
use contract::{comment, file_name};

use crate::load;
use crate::save::Version;

/// A profile, where it is, and which version of that file it was read from.
pub(crate) type Read = (PathBuf, Profile, Option<Version>);

/// File systems keep times less exactly than clocks do.
const SLACK: Duration = Duration::from_secs(2);

/// One run of a program.
pub(crate) struct Run {
    /// Its mark, which its profiles carry.
    pub(crate) id: String,
    /// When it began.
    pub(crate) started: SystemTime,
    /// What the library was told about where to write.
    pub(crate) output: Option<String>,
}

impl Run {
    /// The profiles of this run in the order of their names, and what is wrong with
    /// files that may be its own and cannot be read.
    pub(crate) fn profiles(&self) -> (Vec<Read>, Vec<String>) {
        let mut paths = self.candidates();
        paths.sort();
        paths.dedup();
        let (mut own, mut unreadable) = (Vec::new(), Vec::new());
        for path in paths {
            let version = Version::of(&path);
            match load::load(&path) {
                Ok(profile) => {
                    let mark = comment::find(&profile.comments, comment::RUN);
                    if mark == Some(self.id.as_str()) {
                        own.push((path, profile, version));
                    }
                }
                Err(reason) => unreadable.push(format!("{}: {reason}", path.display())),
            }
        }
        (own, unreadable)
    }

    /// Folders in which a profile can be; what a pattern leaves open is not in here.
    pub(crate) fn folders(&self) -> Vec<PathBuf> {
        match self.output.as_deref() {
            None => default_folders(),
            Some(output) if is_folder(output) => vec![output.into()],
            Some(pattern) => {
                let parent = Path::new(pattern).parent().unwrap_or(Path::new(""));
                match parent.to_str() {
                    Some("") => vec![".".into()],
                    Some(parent) if parent.contains('%') => Vec::new(),
                    _ => vec![parent.to_owned()],
                }
            }
        }
    }

    fn candidates(&self) -> Vec<PathBuf> {
        match self.output.as_deref() {
            Some(pattern) if !is_folder(pattern) => self.by_pattern(pattern),
            _ => self
                .folders()
                .iter()
                .flat_map(|folder| entries(folder))
                .filter(|path| self.is_default_name(path))
                .collect(),
        }
    }

    /// Whether a file has the usual name, of a process that began after the run did.
    fn is_default_name(&self, path: &Path) -> bool {
        let begin = self.started.checked_sub(SLACK).unwrap_or(UNIX_EPOCH);
        path.file_name()
            .and_then(|name| file_name::parse(name.to_str()?))
            .and_then(|id| UNIX_EPOCH.checked_add(Duration::from_millis(id.start_ms)))
            .is_some_and(|start| start >= begin)
    }

    /// Files that a pattern can have named, written since the run began.
    fn by_pattern(&self, pattern: &str) -> Vec<PathBuf> {
        let mut found = vec![PathBuf::new()];
        let mut components = Path::new(pattern).components().peekable();
        while let Some(component) = components.next() {
            let part = component.as_os_str().to_str().unwrap_or_default();
            // Only the last part can have a child's number put into it.
            let is_open = components.peek().is_none() || part.contains('%');
            found = if is_open && matches!(component, Component::Normal(_)) {
                let within = found.iter().flat_map(|folder| matching(folder, part));
                within.collect()
            } else {
                found.iter().map(|path| path.join(component)).collect()
            };
        }
        found.retain(|path| self.is_recent(path));
        found
    }

    fn is_recent(&self, path: &Path) -> bool {
        let begin = self.started.checked_sub(SLACK).unwrap_or(UNIX_EPOCH);
        path.metadata().is_ok_and(|file| {
            file.is_file() && file.modified().is_ok_and(|modified| modified >= begin)
        })
    }
}

/// Whether an output place is a directory.
pub(crate) fn is_folder(output: &str) -> bool {
    output.ends_with('/') || Path::new(output).is_dir()
}

/// Where the library writes when it is not told.
fn default_folders() -> Vec<PathBuf> {
    let mut folders = vec![PathBuf::from(".")];
    folders.extend(
        env::var_os("TMPDIR")
            .filter(|dir| !dir.is_empty())
            .map(PathBuf::from),
    );
    folders.push("/tmp".into());
    let mut seen = Vec::new();
    folders.retain(|folder| {
        let real = folder.canonicalize().unwrap_or_else(|_| folder.clone());
        let is_new = !seen.contains(&real);
        seen.push(real);
        is_new
    });
    folders
}

/// What is in a folder whose name one part of a pattern can have given.
fn matching(folder: &Path, part: &str) -> Vec<PathBuf> {
    entries(if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    })
    .into_iter()
    .filter_map(|path| path.file_name()?.to_str().map(str::to_owned))
    .filter(|name| file_name::matches(part, name))
    .map(|name| folder.join(name))
    .collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect()
}
