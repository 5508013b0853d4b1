//! Results into files, whole or not at all.

use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use contract::pprof;
use contract::profile::Profile;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::output;

/// Which version of a file was read: a program that goes on writes another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    inode: u64,
    len: u64,
    modified: (i64, i64),
}

impl Version {
    /// That of a file now; none if it cannot be told.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        path.metadata().ok().map(|metadata| Self::from(&metadata))
    }
}

impl From<&Metadata> for Version {
    fn from(metadata: &Metadata) -> Self {
        Self {
            inode: metadata.ino(),
            len: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

/// Writes a profile in the place of the version that was read, or of nothing in
/// particular.
///
/// # Errors
///
/// One line that says why not.
pub(crate) fn save(path: &Path, profile: &Profile, read: Option<Version>) -> Result<(), String> {
    replace(path, read, |file| {
        let mut encoder = GzEncoder::new(file, Compression::default());
        encoder.write_all(&pprof::encode(profile))?;
        encoder.finish().map(drop)
    })
}

/// Writes a text to a file, in the place of whatever is there, or to standard output: if
/// none is named, or `-`. Says so if that fails.
pub(crate) fn hand_over(text: &str, to: Option<&Path>) -> bool {
    let Some(path) = to.filter(|path| *path != Path::new("-")) else {
        return output::print(text);
    };
    let written = if path.metadata().is_ok_and(|there| !there.is_file()) {
        // A device, as /dev/null, is not replaced.
        fs::write(path, text).map_err(|error| output::reason(&error))
    } else {
        replace(path, None, |mut file| file.write_all(text.as_bytes()))
    };
    if let Err(reason) = &written {
        output::message(&format!("{}: {reason}", path.display()));
    }
    written.is_ok()
}

/// What is written is written beside and renamed, so that nobody finds half of it.
fn replace(
    path: &Path,
    read: Option<Version>,
    fill: impl FnOnce(File) -> io::Result<()>,
) -> Result<(), String> {
    // A link stays one.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(format!(".part-{}", std::process::id()));
    let part = target.with_file_name(name);
    let result = File::create(&part)
        .and_then(fill)
        .and_then(|()| keep_permissions(&part, &target))
        .map_err(|error| output::reason(&error))
        .and_then(|()| put(&part, &target, read));
    if result.is_err() {
        let _ = fs::remove_file(&part);
    }
    result
}

fn keep_permissions(part: &Path, target: &Path) -> io::Result<()> {
    match target.metadata() {
        Ok(metadata) => fs::set_permissions(part, metadata.permissions()),
        Err(_) => Ok(()),
    }
}

fn put(part: &Path, target: &Path, read: Option<Version>) -> Result<(), String> {
    if read.is_some() && Version::of(target) != read {
        return Err("has been written again meanwhile, and is left as it is".to_owned());
    }
    fs::rename(part, target).map_err(|error| output::reason(&error))
}
