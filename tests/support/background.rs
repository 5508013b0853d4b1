//! Programs that run beside a test and end with it: servers on 127.0.0.1.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take until it answers, on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(40);

/// A program that is ended on drop.
pub(crate) struct Background {
    child: Child,
    log: PathBuf,
}

impl Background {
    /// Starts it; what it says goes to a file. Its standard input stays open until
    /// its end, so that it can notice that the test is gone.
    pub(crate) fn start(package: &str, command: &mut Command, log: &Path) -> Self {
        let output = File::create(log).unwrap();
        let child = command
            .stdin(Stdio::piped())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "{:?}: {error}; it comes with {package}",
                    command.get_program()
                )
            });
        Self {
            child,
            log: log.to_owned(),
        }
    }

    /// Asks until there is an answer; fails when the program has ended or it takes too
    /// long.
    pub(crate) fn until<T>(&mut self, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
        let begin = Instant::now();
        loop {
            if let Some(answer) = ask() {
                return answer;
            }
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none() && begin.elapsed() < START_LIMIT,
                "no {what} after {:?} ({ended:?}):\n{}",
                begin.elapsed(),
                fs::read_to_string(&self.log).unwrap_or_default()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
