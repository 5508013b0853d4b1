//! What the linker is told of the library: that nobody may unload it.

fn main() {
    // A program that opens it by `dlopen` and closes it again would leave its thread and
    // its handlers behind without their code.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    println!("cargo:rerun-if-changed=build.rs");
}
