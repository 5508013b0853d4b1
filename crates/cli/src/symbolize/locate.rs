//! From a file that a profile names to files that can say something about its code.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use flate2::Crc;

use super::debuginfod::Servers;
use super::dwarf::DebugFile;
use super::object_file::ObjectFile;
use super::places::Places;
use crate::output;

/// A file that was loaded while a profile was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Loaded {
    /// Absolute path.
    pub(super) path: String,
    /// Its build id, or empty.
    pub(super) build_id: String,
}

/// What was found for it.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The file itself, if it is still the one that was loaded.
    pub(super) object: Option<ObjectFile>,
    /// Its debug information.
    pub(super) debug: Option<(ObjectFile, DebugFile)>,
    /// Why there is none, if that is worth saying.
    pub(super) why: Option<&'static str>,
    /// What was there and is of no use, one line each.
    pub(super) complaints: Vec<String>,
}

/// Where to look.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    /// Folders on this machine.
    pub(super) places: Places,
    /// Servers.
    pub(super) servers: Option<Servers>,
}

impl Sources {
    /// Looks for a file and its debug information. `end_ns` is when the profile ended.
    pub(super) fn find(&self, loaded: &Loaded, end_ns: i64) -> Found {
        let mut found = Found::default();
        match ObjectFile::open(Path::new(&loaded.path)) {
            // Also a device, of which code can be mapped too.
            Err(_) if !Path::new(&loaded.path).is_file() => found.why = Some("the file is gone"),
            Err(reason) => found.complaints.push(format!("{}: {reason}", loaded.path)),
            Ok(object) if object.build_id != loaded.build_id => {
                found.why = Some("the file is another build now");
            }
            Ok(object) if object.build_id.is_empty() && is_newer(&object.path, end_ns) => {
                found.why = Some("the file has no build id, and is newer than the profile");
            }
            Ok(object) => found.object = Some(object),
        }
        let own = found.object.take_if(|object| object.has_dwarf);
        found.debug = match own {
            Some(object) => match self.with_common(object, &mut found.complaints) {
                Ok(debug) => Some(debug),
                Err(object) => {
                    found.object = Some(*object);
                    None
                }
            },
            None => self.elsewhere(loaded, &mut found),
        };
        found
    }

    /// Debug information that lies in another file.
    fn elsewhere(&self, loaded: &Loaded, found: &mut Found) -> Option<(ObjectFile, DebugFile)> {
        let link = found.object.as_ref().and_then(|object| object.link.clone());
        let name = link.as_ref().map(|(name, _)| name.as_os_str());
        let path = Path::new(&loaded.path);
        for candidate in self.places.candidates(path, &loaded.build_id, name) {
            let checksum = link.as_ref().map(|(_, checksum)| *checksum);
            match debug_file(&candidate, &loaded.build_id, checksum) {
                Ok(Some(object)) => return self.with_common(object, &mut found.complaints).ok(),
                Ok(None) => {}
                Err(complaint) => found.complaints.push(complaint),
            }
        }
        let fetched = self.fetch(&loaded.build_id, &mut found.complaints)?;
        match debug_file(&fetched, &loaded.build_id, None) {
            Ok(object) => self.with_common(object?, &mut found.complaints).ok(),
            Err(complaint) => {
                found.complaints.push(complaint);
                None
            }
        }
    }

    fn fetch(&self, build_id: &str, complaints: &mut Vec<String>) -> Option<PathBuf> {
        match self.servers.as_ref()?.fetch(build_id) {
            Ok(fetched) => fetched,
            Err(more) => {
                complaints.extend(more);
                None
            }
        }
    }

    /// Debug information, with the file of what several have in common. Without that it is
    /// handed back: inlined functions would have no names.
    fn with_common(
        &self,
        object: ObjectFile,
        complaints: &mut Vec<String>,
    ) -> Result<(ObjectFile, DebugFile), Box<ObjectFile>> {
        let mut debug = DebugFile {
            path: object.path.clone(),
            common: None,
            is_compressed: object.is_compressed,
        };
        if let Some((path, build_id)) = &object.common {
            let beside = object.path.parent().unwrap_or(Path::new("/"));
            let mut candidates = vec![beside.join(path)];
            candidates.extend(self.places.by_build_id(build_id));
            let is_it = |path: &PathBuf| {
                ObjectFile::open(path).is_ok_and(|object| object.build_id == *build_id)
            };
            let found = candidates.into_iter().find(is_it);
            debug.common = found.or_else(|| self.fetch(build_id, complaints));
            if debug.common.is_none() {
                complaints.push(format!(
                    "{}: what its debug information shares with others is missing: {} ({build_id})",
                    object.path.display(),
                    path.display()
                ));
                return Err(Box::new(object));
            }
        }
        Ok((object, debug))
    }
}

/// A file with debug information for this build; none where there is no such file.
fn debug_file(
    path: &Path,
    build_id: &str,
    checksum: Option<u32>,
) -> Result<Option<ObjectFile>, String> {
    if !path.exists() {
        return Ok(None);
    }
    let complaint = |reason: &str| Err(format!("{}: {reason}", path.display()));
    let object = match ObjectFile::open(path) {
        Ok(object) => object,
        Err(reason) => return complaint(&reason),
    };
    let is_right = if build_id.is_empty() {
        match checksum_of(path) {
            Ok(sum) => checksum == Some(sum),
            Err(error) => return complaint(&output::reason(&error)),
        }
    } else {
        object.build_id == build_id
    };
    match (is_right, object.has_dwarf) {
        (true, true) => Ok(Some(object)),
        (true, false) => Ok(None),
        (false, _) if build_id.is_empty() => complaint("debug information of another build"),
        (false, _) => complaint(&format!(
            "debug information of build {}, not of {build_id}",
            if object.build_id.is_empty() {
                "unknown"
            } else {
                &object.build_id
            },
        )),
    }
}

/// The checksum that a link has.
fn checksum_of(path: &Path) -> std::io::Result<u32> {
    let mut file = File::open(path)?;
    let (mut checksum, mut buffer) = (Crc::new(), vec![0; 1 << 20]);
    loop {
        let len = file.read(&mut buffer)?;
        match buffer.get(..len) {
            None | Some([]) => return Ok(checksum.sum()),
            Some(bytes) => checksum.update(bytes),
        }
    }
}

/// Whether a file was changed after a moment.
fn is_newer(path: &Path, than_ns: i64) -> bool {
    let modified = path.metadata().and_then(|metadata| metadata.modified());
    let since_1970 = modified
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since_1970.is_some_and(|time| {
        i128::try_from(time.as_nanos()).unwrap_or(i128::MAX) > i128::from(than_ns)
    })
}
