//! Where liblockprof.so is.

use std::env::{self, consts};
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Names the library where it is not found by itself.
const VARIABLE: &str = "LOCKPROF_LIBRARY";
const LIBRARY: &str = "liblockprof.so";

/// Where it may be, seen from the folder of this executable; the last is the loader's own on Debian.
fn places() -> [String; 4] {
    let debian = format!("../lib/{}-linux-gnu", consts::ARCH);
    ["", "../lib", "../lib/lockprof", &debian].map(str::to_owned)
}

/// The absolute path of the library.
///
/// # Errors
///
/// One line that says where it is not.
pub(crate) fn library() -> Result<PathBuf, String> {
    let executable = env::current_exe().ok();
    find(
        env::var_os(VARIABLE),
        executable.as_deref().and_then(Path::parent),
    )
}

fn find(given: Option<OsString>, beside: Option<&Path>) -> Result<PathBuf, String> {
    let places: Vec<PathBuf> = match given.filter(|path| !path.is_empty()) {
        Some(path) => vec![path.into()],
        None => beside
            .into_iter()
            .flat_map(|beside| places().map(|place| beside.join(place).join(LIBRARY)))
            .collect(),
    };
    if places.is_empty() {
        return Err(format!(
            "{LIBRARY} not found: without /proc this program cannot tell where it lies itself ({VARIABLE} can name it)"
        ));
    }
    let Some(found) = places.iter().find(|path| path.is_file()) else {
        let tried: Vec<_> = places
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        return Err(format!(
            "{LIBRARY} not found; looked for {} ({VARIABLE} can name it)",
            tried.join(", ")
        ));
    };
    let found = found
        .canonicalize()
        .map_err(|error| format!("{}: {error}", found.display()))?;
    if found
        .as_os_str()
        .as_bytes()
        .iter()
        .any(|byte| b": ".contains(byte))
    {
        return Err(format!(
            "LD_PRELOAD cannot name {}: there is a space or colon in it",
            found.display()
        ));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use std::fs;

    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = env::temp_dir().join(format!("lockprof-locate-{name}-{}", std::process::id()));
        fs::create_dir_all(folder.join("bin")).unwrap();
        fs::create_dir_all(folder.join("lib/lockprof")).unwrap();
        fs::create_dir_all(folder.join(debian())).unwrap();
        folder.canonicalize().unwrap()
    }

    fn debian() -> String {
        format!("lib/{}-linux-gnu", consts::ARCH)
    }

    #[test]
    fn the_library_is_beside_the_command_or_in_lib() {
        let root = folder("places");
        let bin = root.join("bin");
        for place in [&debian(), "lib/lockprof", "lib", "bin"] {
            let library = root.join(place).join(LIBRARY);
            fs::write(&library, "").unwrap();
            assert_eq!(find(None, Some(&bin)), Ok(library));
        }
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn the_variable_decides_alone() {
        let root = folder("variable");
        fs::write(root.join("bin").join(LIBRARY), "").unwrap();
        let error = find(Some("/nowhere/x.so".into()), Some(&root.join("bin"))).unwrap_err();
        assert!(error.contains("looked for /nowhere/x.so"), "{error}");
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn the_message_names_every_place() {
        let error = find(None, Some(Path::new("/opt/x/bin"))).unwrap_err();
        for place in ["/opt/x/bin/lib", "/opt/x/bin/../lib/lib", "/lockprof/lib"] {
            assert!(error.contains(place), "{error}");
        }
        assert!(!error.contains('\n'));
    }

    #[test]
    fn without_proc_the_message_asks_for_the_variable() {
        let error = find(None, None).unwrap_err();
        assert!(error.contains("without /proc"), "{error}");
        assert!(error.contains(VARIABLE), "{error}");
    }

    #[test]
    fn a_path_that_the_loader_would_split_is_refused() {
        let root = folder("a b");
        let library = root.join("bin").join(LIBRARY);
        fs::write(&library, "").unwrap();
        let error = find(Some(library.into()), None).unwrap_err();
        assert!(error.contains("space or colon"), "{error}");
        fs::remove_dir_all(root).unwrap();
    }
}
