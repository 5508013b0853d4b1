//! What is decided while the library is built: its name, that nobody may unload it, and what its file says of itself.
#![allow(
    clippy::disallowed_methods,
    reason = "so cargo tells a build script what it builds"
)]

use std::env;

/// Features that change what the library can do.
const FEATURES: [&str; 2] = ["tls", "control"];

fn main() {
    // A program that opens it by `dlopen` and closes it again would leave its thread and
    // its handlers behind without their code.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    // Without a name in it, a program linked with one copy and started with another (LD_PRELOAD
    // by path) would get both, each in front of the other.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,liblockprof.so");
    println!("cargo:rerun-if-changed=build.rs");
    // Not by a name of ours: cargo hands it on to the tests it runs, and they to their programs.
    println!("cargo:rustc-env=BUILD_NOTE={}", note());
}

/// The version, and the features there are.
fn note() -> String {
    let mut note = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    for feature in FEATURES {
        if env::var_os(format!("CARGO_FEATURE_{}", feature.to_uppercase())).is_some() {
            note.push(' ');
            note.push_str(feature);
        }
    }
    note
}
