//! Where the debug information of an object file may lie on this machine.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Where systems keep debug information.
pub(super) const SYSTEM: &str = "/usr/lib/debug";

/// No build id is longer; most have 40 digits.
const MOST_DIGITS: usize = 128;

/// Folders with debug information, the one to look into first in front.
#[derive(Clone, Debug, Default)]
pub(super) struct Places(pub(super) Vec<PathBuf>);

impl Places {
    /// All files that may have it, as debuggers look for them: by build id; by the
    /// name in the link, beside the file and below each folder.
    pub(super) fn candidates(
        &self,
        file: &Path,
        build_id: &str,
        link: Option<&OsStr>,
    ) -> Vec<PathBuf> {
        let mut found = self.by_build_id(build_id);
        let beside = file.parent().unwrap_or(Path::new("/"));
        let inside = beside.strip_prefix("/").unwrap_or(beside);
        // A link is a bare name: with folders in it, it could lead anywhere.
        if let Some(name) = link.filter(|name| Path::new(name).file_name() == Some(name)) {
            found.push(beside.join(name));
            found.push(beside.join(".debug").join(name));
            for folder in &self.0 {
                found.push(folder.join(inside).join(name));
                found.push(folder.join(name));
            }
        }
        // A link may name the file itself.
        found.retain(|path| path != file);
        found
    }

    /// The files of this build id.
    pub(super) fn by_build_id(&self, build_id: &str) -> Vec<PathBuf> {
        let Some((head, tail)) = split(build_id) else {
            return Vec::new();
        };
        let name = format!(".build-id/{head}/{tail}.debug");
        self.0.iter().map(|folder| folder.join(&name)).collect()
    }
}

/// The first two digits of a build id and the rest; none where it is no build id, as
/// what becomes part of a path must be.
pub(super) fn split(build_id: &str) -> Option<(&str, &str)> {
    let is_hexadecimal = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    let is_one =
        (4..=MOST_DIGITS).contains(&build_id.len()) && build_id.bytes().all(is_hexadecimal);
    is_one.then(|| build_id.split_at_checked(2)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_files_are_looked_for_where_debuggers_do() {
        let places = Places(vec!["/mine".into(), SYSTEM.into()]);
        let found = places.candidates(
            Path::new("/usr/bin/app"),
            "abcdef01",
            Some(OsStr::new("app.debug")),
        );
        let expected = [
            "/mine/.build-id/ab/cdef01.debug",
            "/usr/lib/debug/.build-id/ab/cdef01.debug",
            "/usr/bin/app.debug",
            "/usr/bin/.debug/app.debug",
            "/mine/usr/bin/app.debug",
            "/mine/app.debug",
            "/usr/lib/debug/usr/bin/app.debug",
            "/usr/lib/debug/app.debug",
        ];
        assert_eq!(found, expected.map(PathBuf::from));
    }

    #[test]
    fn names_from_profiles_and_files_lead_to_no_other_folder() {
        let places = Places(vec![SYSTEM.into()]);
        for build_id in ["", "ab", "../../etc/passwd", "ABCDEF01", "abcdef0/"] {
            assert_eq!(places.by_build_id(build_id), [] as [PathBuf; 0]);
        }
        for link in ["../x", "/etc/passwd", "a/b", "..", ""] {
            let found = places.candidates(Path::new("/bin/x"), "", Some(OsStr::new(link)));
            assert_eq!(found, [] as [PathBuf; 0], "{link}");
        }
    }
}
