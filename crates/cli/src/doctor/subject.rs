//! Whom the doctor looks at: a program's file, its variables and, if it runs, its process.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use contract::options::{self, Complaint, Options};

use crate::why;

/// A program, whether it runs or not.
#[derive(Debug, Default)]
pub(crate) struct Subject {
    /// What people call it.
    pub(crate) name: String,
    /// Its file, where it can be opened; none when it is not found.
    pub(crate) file: Option<PathBuf>,
    /// Its variables; none when they cannot be read.
    pub(crate) environment: Option<Vec<(String, String)>>,
    /// Its root folder, as we see it.
    pub(crate) root: PathBuf,
    /// Its folder, as we see it.
    pub(crate) folder: PathBuf,
    /// None when it does not run.
    pub(crate) process: Option<Process>,
}

/// What `/proc` says of a process.
#[derive(Debug, Default)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    /// Its memory map; empty when it cannot be read.
    pub(crate) maps: String,
    pub(crate) status: String,
    /// Whether the loader took it for one that gained rights when it was started.
    pub(crate) is_secure: bool,
    /// Its threads, ours not counted.
    pub(crate) threads: usize,
    /// The user it belongs to.
    pub(crate) user: u32,
}

/// Which entry of the auxiliary vector says that rights were gained.
const AT_SECURE: u64 = 23;

impl Subject {
    /// A process that runs.
    ///
    /// # Errors
    ///
    /// There is none.
    pub(crate) fn of_process(pid: u32) -> Result<Self, String> {
        let folder = PathBuf::from(format!("/proc/{pid}"));
        let status = fs::read_to_string(folder.join("status"))
            .map_err(|_| format!("there is no process {pid}"))?;
        let read = |name: &str| {
            let bytes = fs::read(folder.join(name)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let environment = fs::read(folder.join("environ"));
        let file = folder.join("exe");
        let name = fs::read_link(&file).map_or_else(
            |_| read("comm").trim_end().to_owned(),
            |path| path.display().to_string(),
        );
        Ok(Self {
            name,
            file: fs::File::open(&file).is_ok().then_some(file),
            environment: environment.ok().map(|bytes| variables(&bytes)),
            root: folder.join("root"),
            folder: folder.join("cwd"),
            process: Some(Process {
                pid,
                maps: read("maps"),
                is_secure: is_secure(&fs::read(folder.join("auxv")).unwrap_or_default()),
                threads: threads(&folder),
                user: user(&status),
                status,
            }),
        })
    }

    /// A program that is to be run here.
    pub(crate) fn of_program(program: &OsStr) -> Self {
        let text = |text: OsString| text.to_string_lossy().into_owned();
        Self {
            name: program.to_string_lossy().into_owned(),
            file: why::find(program).filter(|path| path.is_file()),
            environment: Some(
                env::vars_os()
                    .map(|(name, value)| (text(name), text(value)))
                    .collect(),
            ),
            root: PathBuf::from("/"),
            folder: PathBuf::from("."),
            process: None,
        }
    }

    /// The value of a variable.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        let all = self.environment.as_ref()?;
        let found = all.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// What its variables mean.
    pub(crate) fn options(&self) -> (Options, Vec<Complaint>) {
        options::resolve(|name| self.variable(name).map(str::to_owned))
    }

    /// A path of its own, as we see it.
    pub(crate) fn seen(&self, path: &str) -> PathBuf {
        match path.strip_prefix('/') {
            Some(path) => self.root.join(path),
            None => self.folder.join(path),
        }
    }
}

impl Process {
    /// Whether a file whose path has this in it is loaded.
    pub(crate) fn has_loaded(&self, part: &str) -> bool {
        self.maps.lines().any(|line| {
            let path = line.split_once('/').map_or("", |(_, path)| path);
            path.contains(part)
        })
    }

    /// A value in `/proc/PID/status`.
    pub(crate) fn status(&self, key: &str) -> Option<&str> {
        let of_key = |line| str::strip_prefix(line, key)?.strip_prefix(':');
        self.status.lines().find_map(of_key).map(str::trim)
    }
}

fn variables(bytes: &[u8]) -> Vec<(String, String)> {
    let variable = |line: &[u8]| {
        let line = String::from_utf8_lossy(line);
        let (name, value) = line.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    };
    bytes
        .split(|byte| *byte == 0)
        .filter_map(variable)
        .collect()
}

fn is_secure(vector: &[u8]) -> bool {
    let words: Vec<u64> = vector
        .chunks_exact(8)
        .filter_map(|word| word.try_into().ok().map(u64::from_ne_bytes))
        .collect();
    words.chunks_exact(2).any(|pair| pair == [AT_SECURE, 1])
}

/// How many threads it has, without those that are ours.
fn threads(folder: &Path) -> usize {
    let tasks = fs::read_dir(folder.join("task")).into_iter().flatten();
    let names = tasks
        .flatten()
        .filter_map(|task| fs::read(task.path().join("comm")).ok());
    // The main thread may bear the name of a program that is called so.
    let (mut own, mut all) = (0, 0);
    for name in names {
        all += 1;
        let name = String::from_utf8_lossy(&name);
        own += usize::from(matches!(
            name.trim_end(),
            "lockprof" | "lockprof-send" | "lockprof-ctl"
        ));
    }
    usize::max(all - own, 1)
}

/// The effective user: the second of `Uid: real effective saved file`.
fn user(status: &str) -> u32 {
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    let effective = line.and_then(|line| line.split_whitespace().nth(1));
    effective.and_then(|user| user.parse().ok()).unwrap_or(0)
}
