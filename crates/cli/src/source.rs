//! The source files that profiles name.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::output;

/// No source file is larger.
const MOST_BYTES: u64 = 32 << 20;

/// Where source files are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Folders {
    /// In place of where the program was built.
    pub(crate) source_paths: Vec<PathBuf>,
    /// Where the program was built.
    pub(crate) trim_paths: Vec<PathBuf>,
}

/// A source file.
#[derive(Debug)]
pub(crate) struct Source {
    /// Where it was found.
    pub(crate) path: PathBuf,
    /// Its lines.
    pub(crate) lines: Vec<String>,
    modified: Option<SystemTime>,
}

impl Folders {
    /// Reads a file that a profile names.
    ///
    /// # Errors
    ///
    /// One line that says why not.
    pub(crate) fn read(&self, file: &str) -> Result<Source, String> {
        let candidates = self.candidates(Path::new(file));
        let Some(path) = candidates.iter().find(|path| path.is_file()) else {
            return Err(format!(
                "{file}: no such file; --source-path can name the folder of the sources"
            ));
        };
        read(path).map_err(|reason| format!("{}: {reason}", path.display()))
    }

    /// The file itself; below each folder, what is left of its path without its first
    /// folders, as much of it as possible.
    fn candidates(&self, file: &Path) -> Vec<PathBuf> {
        let trimmed = self
            .trim_paths
            .iter()
            .find_map(|trim| file.strip_prefix(trim).ok());
        let mut found = Vec::new();
        if trimmed.is_none() {
            found.push(file.to_owned());
        }
        let rest = trimmed.unwrap_or(file);
        // Nothing outside of the folders that were named.
        let names: Vec<_> = rest
            .iter()
            .filter(|name| *name != "/" && *name != "..")
            .collect();
        for folder in &self.source_paths {
            for first in 0..names.len() {
                let tail: PathBuf = names.iter().skip(first).collect();
                found.push(folder.join(tail));
            }
        }
        found
    }
}

impl Source {
    /// Whether it was changed after a moment: its lines may be others by now.
    pub(crate) fn is_newer(&self, than_ns: i64) -> bool {
        let since_1970 = self
            .modified
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let modified_ns = since_1970.map_or(0, |time| time.as_nanos());
        u128::try_from(than_ns).is_ok_and(|than_ns| modified_ns > than_ns)
    }
}

fn read(path: &Path) -> Result<Source, String> {
    let file = File::open(path).map_err(|error| output::reason(&error))?;
    let modified = file
        .metadata()
        .and_then(|metadata| metadata.modified())
        .ok();
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| output::reason(&error))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MOST_BYTES {
        return Err("too large for a source file".to_owned());
    }
    let text = String::from_utf8_lossy(&bytes);
    Ok(Source {
        path: path.to_owned(),
        lines: text.lines().map(str::to_owned).collect(),
        modified,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(sources: &[&str], trims: &[&str], file: &str) -> Vec<String> {
        let folders = Folders {
            source_paths: sources.iter().map(PathBuf::from).collect(),
            trim_paths: trims.iter().map(PathBuf::from).collect(),
        };
        let found = folders.candidates(Path::new(file));
        found
            .iter()
            .map(|path| path.display().to_string())
            .collect()
    }

    #[test]
    fn a_file_is_where_the_profile_says_or_below_a_folder() {
        assert_eq!(candidates(&[], &[], "/b/x.c"), ["/b/x.c"]);
        assert_eq!(
            candidates(&["/s"], &[], "/b/p/x.c"),
            ["/b/p/x.c", "/s/b/p/x.c", "/s/p/x.c", "/s/x.c"]
        );
    }

    #[test]
    fn what_is_trimmed_is_looked_for_below_the_folders_only() {
        assert_eq!(
            candidates(&["/s"], &["/b"], "/b/p/x.c"),
            ["/s/p/x.c", "/s/x.c"]
        );
        assert_eq!(
            candidates(&["/s"], &["/c"], "/b/x.c"),
            ["/b/x.c", "/s/b/x.c", "/s/x.c"]
        );
        assert_eq!(candidates(&[], &["/b"], "/b/x.c"), [] as [&str; 0]);
    }
}
