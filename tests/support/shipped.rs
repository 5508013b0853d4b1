//! `liblockprof.so` as it ships, for tests: cargo does not build a cdylib for those of its own package.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What cargo sets for tests, of what that library's build script looks at.
const OF_TESTS: [&str; 8] = [
    "OUT_DIR",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_PKG_NAME",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
];

/// Builds it from the repository at `root`, if it is not there already.
pub(crate) fn build(root: &Path, target: &Path) -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--release", "-p", "liblockprof", "--target-dir"])
        .arg(target)
        .current_dir(root);
    // The TLS library's build script would run again, and all that follows from it be
    // built anew: from a shell there are none of these.
    for name in OF_TESTS {
        cargo.env_remove(name);
    }
    let status = cargo.status();
    assert!(status.unwrap().success(), "{cargo:?}");
    let library = target.join("release/liblockprof.so");
    assert!(library.is_file(), "cargo left no {}", library.display());
    library
}
