//! Profiles back into files, whole or not at all.

use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

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
/// particular. It is written beside and renamed, so that nobody finds half of it.
///
/// # Errors
///
/// One line that says why not.
pub(crate) fn save(path: &Path, profile: &Profile, read: Option<Version>) -> Result<(), String> {
    // A link stays one.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(format!(".part-{}", std::process::id()));
    let part = target.with_file_name(name);
    let result = write(&part, &target, profile)
        .map_err(|error| output::reason(&error))
        .and_then(|()| put(&part, &target, read));
    if result.is_err() {
        let _ = fs::remove_file(&part);
    }
    result
}

fn write(part: &PathBuf, target: &Path, profile: &Profile) -> io::Result<()> {
    let mut encoder = GzEncoder::new(File::create(part)?, Compression::default());
    encoder.write_all(&pprof::encode(profile))?;
    encoder.finish()?;
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
