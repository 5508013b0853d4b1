//! A program that runs under the real library, for commands about running programs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

#[path = "../../../../tests/support/shipped.rs"]
mod shipped;

use super::{Scratch, lockprof, stdout};

/// How long anything may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(30);

/// Asks until there is an answer.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(begin.elapsed() < LIMIT, "no {what} after {LIMIT:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// `liblockprof.so` as it ships: cargo does not build it for the tests of the command.
pub(crate) fn real_library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        shipped::build(&root.canonicalize().unwrap(), target)
    })
}

/// Four threads that fight over `fought_for`, and two that wait for `kept`. Ended on drop.
pub(crate) struct Fights {
    child: Child,
    pub(crate) scratch: Scratch,
}

impl Fights {
    /// Starts them; `variables` come on top of what makes them reachable.
    pub(crate) fn start(name: &str, variables: &[(&str, &str)]) -> Self {
        let scratch = Scratch::new(name);
        let source = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../c-tests/fights_until_told.c"
        );
        let program = scratch.join("fights");
        let compiled = Command::new("cc")
            .args(["-O2", "-g", "-o"])
            .arg(&program)
            .args([source, "-lpthread"])
            .status();
        assert!(compiled.unwrap().success(), "cc {source}");
        let child = Command::new(&program)
            .current_dir(scratch.path())
            .env("LD_PRELOAD", real_library())
            .env("LOCKPROF_SAMPLE", "1")
            .env("LOCKPROF_CONTROL", "1")
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .spawn();
        let child = child.unwrap();
        Self { child, scratch }
    }

    /// Starts them and waits until they can be asked.
    pub(crate) fn start_reachable(name: &str) -> Self {
        let fights = Self::start(name, &[]);
        until("control socket", || {
            let asked = lockprof().args(["on", &fights.pid()]).output().unwrap();
            asked.status.success().then_some(())
        });
        fights
    }

    pub(crate) fn pid(&self) -> String {
        self.child.id().to_string()
    }

    /// Tells them to stop, and waits for their end.
    pub(crate) fn stop(&mut self) {
        fs::write(self.scratch.join("stop"), "").unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Fights {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `lockprof` with these arguments: its status, and what it printed.
pub(crate) fn said(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = lockprof().args(arguments).output().unwrap();
    (
        output.status.code(),
        stdout(&output),
        super::stderr(&output),
    )
}
