//! Running a test program, alone and under the library, within a bounded time.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::build;
use super::profile::Rows;
use super::scratch::Scratch;

/// A program and how it is to be run.
pub(crate) struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    before: Vec<PathBuf>,
    after: Vec<PathBuf>,
    limit: Duration,
    output: Option<OsString>,
    announcement: Option<&'static str>,
}

impl Program {
    /// The program made of `c-tests/<name>.c` or `.cc`, every acquisition recorded.
    pub(crate) fn exact(name: &str) -> Self {
        Self::at(build::program(name)).sample("1")
    }

    /// The same with the default sampling.
    pub(crate) fn sampled(name: &str) -> Self {
        Self::at(build::program(name))
    }

    pub(crate) fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            before: Vec::new(),
            after: Vec::new(),
            limit: Duration::from_secs(20),
            output: None,
            announcement: None,
        }
    }

    /// The library says once, in a line that begins so, what it was asked to do. That
    /// line is no part of what the run says.
    pub(crate) fn announcing(mut self, beginning: &'static str) -> Self {
        self.announcement = Some(beginning);
        self
    }

    pub(crate) fn sample(self, sample: &str) -> Self {
        self.env("LOCKPROF_SAMPLE", sample)
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        let arguments = arguments.into_iter().map(|a| a.as_ref().to_owned());
        self.arguments.extend(arguments);
        self
    }

    /// Where profiles go, instead of a fresh directory.
    pub(crate) fn output(mut self, output: impl Into<OsString>) -> Self {
        self.output = Some(output.into());
        self
    }

    /// Preloads another library too, before ours.
    pub(crate) fn preload_before(mut self, library: &Path) -> Self {
        self.before.push(library.to_owned());
        self
    }

    /// Preloads another library too, behind ours.
    pub(crate) fn preload_after(mut self, library: &Path) -> Self {
        self.after.push(library.to_owned());
        self
    }

    /// How long a run may take before it counts as hung.
    pub(crate) fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs it under the library, not expecting it to succeed.
    pub(crate) fn run(&self) -> Run {
        self.start(true).wait(self.limit)
    }

    /// Runs it alone.
    pub(crate) fn run_alone(&self) -> Run {
        self.start(false).wait(self.limit)
    }

    /// Runs it alone and under the library: both must succeed and print the same.
    pub(crate) fn compare(&self) -> Run {
        let alone = self.run_alone();
        alone.expect_success();
        let profiled = self.run();
        profiled.expect_same(&alone);
        profiled
    }

    /// Starts it; the caller waits or ends it.
    pub(crate) fn start(&self, profiled: bool) -> Started {
        let home = Scratch::new();
        let mut command = Command::new(&self.path);
        // Only what a test sets itself may reach the library.
        command.env_remove("LD_PRELOAD");
        for option in contract::options::TABLE {
            command.env_remove(option.name);
            for alias in option.aliases {
                command.env_remove(alias.name);
            }
        }
        fs::create_dir(home.join("profiles")).unwrap();
        let output = self.output.clone();
        command
            .args(&self.arguments)
            .env("TESTING_TRUTH", home.join("truth"))
            .env("LOCKPROF_OUTPUT", output.unwrap_or_else(|| home.join("profiles").into()))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(home.path())
            .stdin(Stdio::null())
            // Files, not pipes: a child that outlives the program must not hold us up.
            .stdout(File::create(home.join("stdout")).unwrap())
            .stderr(File::create(home.join("stderr")).unwrap())
            .process_group(0);
        let preload = self.preload(profiled);
        if !preload.is_empty() {
            command.env("LD_PRELOAD", preload);
        }
        let begin = Instant::now();
        let child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", self.path.display()));
        Started {
            child: Some(child),
            home: Some(home),
            begin,
            name: self.path.clone(),
            announcement: self.announcement,
        }
    }

    fn preload(&self, profiled: bool) -> OsString {
        let ours = profiled.then(|| build::library().to_owned());
        let all: Vec<&Path> = self
            .before
            .iter()
            .chain(&ours)
            .chain(&self.after)
            .map(PathBuf::as_path)
            .collect();
        let separator = OsStr::new(":");
        all.iter()
            .map(|path| path.as_os_str())
            .collect::<Vec<_>>()
            .join(separator)
    }
}

/// A program that runs. Ended on drop, if it still does.
pub(crate) struct Started {
    child: Option<Child>,
    home: Option<Scratch>,
    begin: Instant,
    name: PathBuf,
    announcement: Option<&'static str>,
}

impl Started {
    pub(crate) fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Where its profiles appear.
    pub(crate) fn profiles(&self) -> PathBuf {
        self.home.as_ref().unwrap().join("profiles")
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self, limit: Duration) -> Run {
        let child = self.child.as_mut().unwrap();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            assert!(
                self.begin.elapsed() < limit,
                "{} still runs after {limit:?}{}",
                self.name.display(),
                where_threads_are(child.id())
            );
            thread::sleep(Duration::from_millis(2));
        };
        self.ended(status)
    }

    /// Ends it by SIGKILL.
    pub(crate) fn kill(mut self) -> Run {
        let child = self.child.as_mut().unwrap();
        child.kill().unwrap();
        let status = child.wait().unwrap();
        self.ended(status)
    }

    fn ended(mut self, status: ExitStatus) -> Run {
        self.child = None;
        let home = self.home.take().unwrap();
        Run {
            status,
            stdout: text(&home.join("stdout")),
            stderr: without(self.announcement, &text(&home.join("stderr"))),
            elapsed: self.begin.elapsed(),
            home,
            name: self.name.clone(),
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // Its group too: it may have children of its own.
            let group = format!("-{}", child.id());
            let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
            let _ = child.wait();
        }
    }
}

/// What each thread of a process waits for, for a message about a hang.
fn where_threads_are(pid: u32) -> String {
    let mut lines = String::new();
    for task in fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten()
    {
        let read = |what: &str| fs::read_to_string(task.path().join(what)).unwrap_or_default();
        let (name, waits, call) = (read("comm"), read("wchan"), read("syscall"));
        lines += &format!("\n  {} {waits} {}", name.trim(), call.trim());
    }
    lines
}

fn text(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()
}

/// What was said, but for one line that begins so.
fn without(announcement: Option<&str>, said: &str) -> String {
    let mut awaited = announcement;
    let is_kept = |line: &&str| {
        let is_it = awaited.is_some_and(|beginning| line.starts_with(beginning));
        if is_it {
            awaited = None;
        }
        !is_it
    };
    said.split_inclusive('\n').filter(is_kept).collect()
}

/// A run that is over.
pub(crate) struct Run {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) elapsed: Duration,
    home: Scratch,
    name: PathBuf,
}

impl Run {
    /// Fails unless the program ended well and said so.
    pub(crate) fn expect_success(&self) {
        let well = self.status.success() && self.stdout.lines().any(|line| line == "EXIT-SUCCESS");
        assert!(
            well,
            "{}: {}\n{}{}",
            self.name.display(),
            self.status,
            self.stdout,
            self.stderr
        );
    }

    /// Fails unless status, standard output and standard error are those of the other run.
    pub(crate) fn expect_same(&self, other: &Self) {
        let name = self.name.display();
        assert_eq!(self.stderr, other.stderr, "standard error of {name}");
        assert_eq!(self.status, other.status, "status of {name}");
        assert_eq!(self.stdout, other.stdout, "standard output of {name}");
    }

    /// Everything the program reported under this key.
    pub(crate) fn truths(&self, key: &str) -> Vec<i64> {
        let mut all = BTreeMap::<String, Vec<i64>>::new();
        for line in fs::read_to_string(self.home.join("truth"))
            .unwrap_or_default()
            .lines()
        {
            let (key, value) = line.split_once(' ').unwrap();
            all.entry(key.to_owned())
                .or_default()
                .push(value.parse().unwrap());
        }
        all.remove(key).unwrap_or_else(|| {
            panic!(
                "{} said nothing of {key}, only {all:?}",
                self.name.display()
            )
        })
    }

    /// The sum of what it reported under this key.
    pub(crate) fn truth(&self, key: &str) -> i64 {
        self.truths(key).iter().sum()
    }

    /// The directory the program ran in.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// The files in the directory of profiles, by name.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        files_in(&self.home.join("profiles"))
    }

    /// The profiles of this program, each with the process that wrote it. Nothing
    /// else may be in the directory.
    pub(crate) fn profiles(&self) -> Vec<(u32, Rows)> {
        let executable = self.name.file_name().unwrap().to_string_lossy();
        self.files()
            .iter()
            .map(|path| {
                let file = path.file_name().unwrap().to_string_lossy();
                let name = contract::file_name::parse(&file)
                    .unwrap_or_else(|| panic!("{file} is no profile's name"));
                assert_eq!(name.executable, executable, "{file}");
                (name.pid, Rows::read(path))
            })
            .collect()
    }

    /// The one profile there is.
    pub(crate) fn profile(&self) -> Rows {
        let mut profiles = self.profiles();
        assert_eq!(profiles.len(), 1, "profiles in {:?}", self.files());
        profiles.remove(0).1
    }
}

/// The files of a directory, by name.
pub(crate) fn files_in(directory: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}
