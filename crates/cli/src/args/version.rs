//! What `lockprof --version` says of the build.

use std::env::consts::{ARCH, OS};

/// With `-V`.
pub(super) const SHORT: &str = env!("CARGO_PKG_VERSION");

/// With `--version`: what scripts/release-build knew, and what the compiler knows by itself.
pub(super) fn long() -> String {
    let libc = if cfg!(target_env = "gnu") {
        "gnu"
    } else {
        "other"
    };
    let optimised = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    format!(
        "{SHORT}\n\
         target: {ARCH}-{OS}-{libc}, {optimised}\n\
         commit: {}\n\
         compiler: {}",
        option_env!("LOCKPROF_BUILD_COMMIT").unwrap_or("unknown"),
        option_env!("LOCKPROF_BUILD_COMPILER").unwrap_or("unknown"),
    )
}
