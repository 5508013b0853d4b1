//! A terminal that is tmux, for commands that draw a screen.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// A terminal of its own, with one program in it. Ended on drop.
pub(crate) struct Terminal(String);

impl Terminal {
    /// One in which nothing runs yet.
    pub(crate) fn named(name: &str) -> Self {
        Self(format!("lockprof-{name}-{}", std::process::id()))
    }

    /// Runs `lockprof top`, then says its status and how the terminal was left.
    pub(crate) fn with_top(name: &str, arguments: &str) -> Self {
        let terminal = Self::named(name);
        let line = format!(
            "{} top {arguments}; echo \"status $?\"; stty -a; sleep 60",
            env!("CARGO_BIN_EXE_lockprof")
        );
        terminal.tmux(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "80",
            "-y",
            "24",
            &line,
        ]);
        terminal
    }

    pub(crate) fn tmux(&self, arguments: &[&str]) -> String {
        let output = Command::new("tmux")
            .args(["-u", "-L", &self.0])
            .args(arguments)
            .env_remove("TMUX")
            .output()
            .unwrap_or_else(|error| panic!("tmux: {error}; it comes with the package tmux"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "tmux {arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// The process id of what its shell runs.
    pub(crate) fn child(&self) -> String {
        let shell = self.tmux(&["display-message", "-p", "#{pane_pid}"]);
        let shell = shell.trim();
        let children = fs::read_to_string(format!("/proc/{shell}/task/{shell}/children"));
        children.unwrap().trim().to_owned()
    }

    pub(crate) fn keys(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    /// Waits for a screen that is so, and returns it.
    pub(crate) fn until(&self, is_so: impl Fn(&str) -> bool) -> String {
        let begin = Instant::now();
        loop {
            let screen = self.screen();
            if is_so(&screen) {
                return screen;
            }
            let limit = Duration::from_secs(30);
            assert!(
                begin.elapsed() < limit,
                "not the screen expected:\n{screen}"
            );
            thread::sleep(Duration::from_millis(30));
        }
    }

    pub(crate) fn until_has(&self, text: &str) -> String {
        self.until(|screen| screen.contains(text))
    }

    /// The terminal is as it was before, and has what was said at the end.
    pub(crate) fn expect_restored(&self, said: &str) {
        let screen = self.until(|screen| screen.contains("icanon"));
        assert!(screen.contains(said), "{screen}");
        assert!(
            !screen.contains("-icanon") && !screen.contains("-echo "),
            "{screen}"
        );
        let state = self.tmux(&["display-message", "-p", "#{alternate_on}#{cursor_flag}"]);
        assert_eq!(state.trim(), "01", "{screen}");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = Command::new("tmux")
            .args(["-L", &self.0, "kill-server"])
            .output();
    }
}
