//! The library under test and the C programs, each built once per test process.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};

use super::shipped;

/// Stacks must show the functions as they are written.
const FLAGS: [&str; 7] = [
    "-Wall",
    "-Wextra",
    "-Werror",
    "-O2",
    "-g",
    "-fno-inline-functions",
    "-fno-optimize-sibling-calls",
];

/// What some programs want besides, by the beginning of their names.
const ALSO: [(&str, &[&str]); 3] = [
    ("openmp_locks", &["-fopenmp"]),
    ("openmp_library", &["-fopenmp"]),
    ("cxx20_", &["-std=c++20"]),
];

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `liblockprof.so`, as it ships. Cargo does not build a cdylib for the tests
/// of its own package, so that happens here.
pub(crate) fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        // Cargo put the scratch directory of the tests into the target directory.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        shipped::build(root(), target)
    })
}

/// The program made of `c-tests/<name>.c` or `.cc`.
pub(crate) fn program(name: &str) -> PathBuf {
    program_with(name, &[])
}

/// The program, linked with these libraries (from [`shared_library`]).
pub(crate) fn program_with(name: &str, libraries: &[&Path]) -> PathBuf {
    once(name, |to| {
        let mut compiler = compiler(name, to);
        for library in libraries {
            let directory = library.parent().unwrap().display();
            compiler.arg(library).arg(format!("-Wl,-rpath,{directory}"));
        }
        run(compiler.arg("-lpthread"));
    })
}

/// The program, linked with libraries of the system (`-lcrypto`).
pub(crate) fn program_using(name: &str, libraries: &[&str]) -> PathBuf {
    once(name, |to| run(compiler(name, to).args(libraries)))
}

/// The program made of `c-tests/rust/<name>.rs`, by the compiler that belongs to cargo.
pub(crate) fn rust_program(name: &str) -> PathBuf {
    once(name, |to| {
        let source = root().join("c-tests/rust").join(name).with_extension("rs");
        run(
            Command::new(Path::new(env!("CARGO")).with_file_name("rustc"))
                .args(["--edition", "2024", "-C", "opt-level=2", "-g", "-o"])
                .arg(to)
                .arg(source),
        );
    })
}

/// The shared library made of `c-tests/<name>.c`.
pub(crate) fn shared_library(name: &str) -> PathBuf {
    once(&format!("lib{name}.so"), |to| {
        let soname = format!("-Wl,-soname,lib{name}.so");
        run(compiler(name, to).args(["-shared", "-fPIC", &soname]));
    })
}

fn compiler(name: &str, to: &Path) -> Command {
    let source = root().join("c-tests").join(name);
    let (compiler, source) = if source.with_extension("cc").is_file() {
        ("g++", source.with_extension("cc"))
    } else {
        ("gcc", source.with_extension("c"))
    };
    let mut command = Command::new(compiler);
    let also = ALSO.iter().filter(|(start, _)| name.starts_with(start));
    command
        .args(FLAGS)
        .args(also.flat_map(|(_, flags)| *flags))
        .arg("-I")
        .arg(root().join("include"))
        .arg("-o")
        .arg(to)
        .arg(source);
    command
}

/// The interpreter with the Python packages that `scripts/check` installs.
pub(crate) fn python() -> PathBuf {
    from_tools("python/bin/python")
}

/// A program of the Python packages that know what containers are made of; `scripts/check` installs them.
pub(crate) fn container_tool(name: &str) -> PathBuf {
    from_tools(&format!("container/bin/{name}"))
}

/// A program of a Debian package that `scripts/check` unpacks.
pub(crate) fn unpacked(package: &str, program: &str) -> PathBuf {
    unpacked_file(package, &format!("usr/bin/{program}"))
}

/// Any file of such a package.
pub(crate) fn unpacked_file(package: &str, path: &str) -> PathBuf {
    from_tools(&format!("debian/{package}/{path}"))
}

fn from_tools(path: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let file = target.join("tools").join(path);
    assert!(
        file.is_file(),
        "there is no {}; scripts/check gets it",
        file.display()
    );
    file
}

/// Makes a file once per test process, under its final name only when it is whole.
fn once(name: &str, make: impl FnOnce(&Path)) -> PathBuf {
    type Made = HashMap<String, Arc<OnceLock<PathBuf>>>;
    static MADE: Mutex<Option<Made>> = Mutex::new(None);
    let cell = {
        let mut made = MADE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let cell = made
            .get_or_insert_default()
            .entry(name.to_owned())
            .or_default();
        Arc::clone(cell)
    };
    cell.get_or_init(|| {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("c-tests");
        fs::create_dir_all(&directory).unwrap();
        let fresh = directory.join(format!("{name}.{}", std::process::id()));
        make(&fresh);
        let whole = directory.join(name);
        fs::rename(&fresh, &whole).unwrap();
        whole
    })
    .clone()
}

/// Runs a command of the build; fails with all it said.
pub(crate) fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{:?}: {error}", command.get_program()));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// What a tool printed; fails when it failed, naming the package that has it.
pub(crate) fn tool(package: &str, command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| {
        panic!(
            "{:?}: {error}; it comes with the package {package}",
            command.get_program()
        )
    });
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{text}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    text
}
