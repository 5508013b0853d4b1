//! What the tests of the command need: a scratch folder, a library that does nothing,
//! profiles made by hand, and the command itself.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    reason = "a test fails by panicking, and no file of tests needs all of this"
)]

pub(crate) mod browser;
pub(crate) mod live;
pub(crate) mod native;
pub(crate) mod screen;
pub(crate) mod several;

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use contract::pprof;
use contract::profile::{Function, Label, LabelValue, Line, Location, Profile, Sample};
use contract::sample_type::label;
use flate2::Compression;
use flate2::write::GzEncoder;

/// A folder that is gone at the end of a test.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("lockprof-cli-{name}-{}", std::process::id());
        let path = env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path.canonicalize().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file and returns its path.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.join(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A library that can be preloaded and does nothing, built once.
pub(crate) fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let name = format!("nothing-{}", std::process::id());
        let library = folder.join(format!("{name}.so"));
        compile(
            &folder.join(name),
            &library,
            "int lockprof_nothing;",
            &["-shared", "-fPIC"],
        );
        library
    })
}

/// Compiles a C program.
pub(crate) fn compile(base: &Path, output: &Path, text: &str, flags: &[&str]) {
    let source = base.with_extension("c");
    fs::write(&source, text).unwrap();
    let status = Command::new("cc")
        .args(flags)
        .arg("-o")
        .arg(output)
        .arg(&source)
        .status()
        .unwrap();
    assert!(status.success(), "cc {}", source.display());
    fs::remove_file(source).unwrap();
}

/// The command, without what the surroundings say about locks.
pub(crate) fn lockprof() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockprof"));
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("LOCKPROF_") || text.starts_with("DD_") || text == "LD_PRELOAD" {
            command.env_remove(name);
        }
    }
    command.env("LOCKPROF_LIBRARY", library());
    command
}

/// `lockprof run` in a folder.
pub(crate) fn run(scratch: &Scratch) -> Command {
    let mut command = lockprof();
    command.arg("run").current_dir(scratch.path());
    command
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Compares with what was there before, under tests/data; REWRITE_GOLDENS=1 writes it anew.
pub(crate) fn assert_golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name);
    if env::var_os("REWRITE_GOLDENS").is_some() {
        fs::write(&path, text).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap();
    assert!(text == golden, "{}:\n{text}", path.display());
}

/// Runs a tool that scripts/check installs; it must be there and succeed.
pub(crate) fn tool(name: &str, arguments: &[&OsStr]) -> Output {
    let output = Command::new(name).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(output.status.success(), "{name}: {}", stderr(&output));
    output
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn text(key: &str, value: &str) -> Label {
    Label {
        key: key.to_owned(),
        value: LabelValue::Text(value.to_owned()),
    }
}

pub(crate) fn number(key: &str, value: i64) -> Label {
    Label {
        key: key.to_owned(),
        value: LabelValue::Number(value, "nanoseconds".to_owned()),
    }
}

pub(crate) fn lock_labels(name: &str, address: &str) -> Vec<Label> {
    vec![
        text(label::LOCK_NAME, name),
        text(label::LOCK_KIND, "mutex"),
        text(label::LOCK, address),
        text(label::THREAD_NAME, "worker"),
        number(label::THREAD_NATIVE_ID, 4711),
    ]
}

/// Ten seconds of two locks: `cache_mu`, waited for in `put` and held in `get`, and
/// `log_mu`, which nobody waits for.
pub(crate) fn profile() -> Profile {
    let functions = ["main", "put", "get", "std::mutex::lock", "log"];
    let sample = |stack: &[usize], values, labels| Sample {
        stack: stack.to_vec(),
        values,
        labels,
    };
    let cache = || lock_labels("cache_mu", "0x5010");
    let mut waited = cache();
    waited.push(number(label::DURATION_BUCKET, 1_048_576));
    waited.push(number(label::DURATION_MAX, 2_000_000));
    Profile {
        start_unix_ns: 1_700_000_000_000_000_000,
        duration_ns: 10_000_000_000,
        functions: functions
            .iter()
            .map(|name| Function {
                name: (*name).to_owned(),
                ..Function::default()
            })
            .collect(),
        locations: (0..functions.len())
            .map(|function| Location {
                lines: vec![Line { function, line: 0 }],
                ..Location::default()
            })
            .collect(),
        samples: vec![
            sample(
                &[3, 1, 0],
                [1_000, 150_000_000, 0, 0, 100, 0, 10, 0, 0],
                waited,
            ),
            sample(
                &[2, 0],
                [0, 0, 1_000, 4_000_000_000, 0, 150_000_000, 10, 0, 0],
                cache(),
            ),
            sample(
                &[3, 4, 0],
                [5, 0, 0, 0, 0, 0, 5, 0, 0],
                lock_labels("log_mu", "0x5040"),
            ),
        ],
        comments: vec!["pid: 42".to_owned()],
        ..Profile::default()
    }
}

/// The profile above as a file.
pub(crate) fn encoded() -> Vec<u8> {
    gzip(&pprof::encode(&profile()))
}
