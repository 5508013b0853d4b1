//! What becomes of profiles, and of the control socket, when a program changes its user, its root or what may be seen of it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use support::profile::Rows;
use support::program::{Program, Run, files_in};
use support::{build, control};

/// Nobody, and somebody else.
const USER: u32 = 54_321;
const OTHER: u32 = 54_322;
/// Somebody who has no other threads than those of one test.
const ALONE: u32 = 54_323;
/// Debian's: others may lie where another user may not go.
const PYTHON: &str = "/usr/bin/python3";

/// A folder that every user reaches, which the target directory may not be, with what is
/// run and, in it, one that all may write in, one of root's, and one as `/tmp` is.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("lockprof-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        for (folder, mode) in [
            ("", 0o755),
            ("all", 0o777),
            ("roots", 0o700),
            ("sticky", 0o1777),
        ] {
            let folder = path.join(folder);
            fs::create_dir(&folder).unwrap();
            fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
        }
        fs::copy(build::library(), path.join("liblockprof.so")).unwrap();
        Self(path)
    }

    fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn program(&self, name: &str) -> PathBuf {
        let to = self.join(name);
        fs::copy(build::program(name), &to).unwrap();
        to
    }

    fn preload(&self) -> String {
        format!("LD_PRELOAD={}", self.join("liblockprof.so").display())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What makes whoever runs the tests root.
fn as_root() -> Program {
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    if is_root {
        Program::at("env")
    } else {
        Program::at("sudo").args(["-n", "env"])
    }
}

/// Changes its user; profiles go to one of the folders.
fn changing(place: &Place, how: &str, output: &Path) -> Program {
    as_root()
        .args([
            "LOCKPROF_SAMPLE=1",
            "LOCKPROF_CONTROL=1",
            &format!("LOCKPROF_OUTPUT={}", output.display()),
            &place.preload(),
        ])
        .args([place.program("changes_user")])
        .args([USER.to_string(), how.to_owned()])
}

/// At most one line of ours, with these words.
fn expect_one_line(run: &Run, words: &str) {
    run.expect_success();
    assert_eq!(run.stdout, "EXIT-SUCCESS\n");
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert!(
        lines.len() == 1 && lines[0].starts_with("lockprof: ") && lines[0].contains(words),
        "{}",
        run.stderr
    );
}

#[test]
fn profiles_belong_to_whom_the_program_has_become() {
    let place = Place::new("becomes");
    let all = place.join("all");
    for how in ["keeps", "drops", "hides"] {
        let run = changing(&place, how, &all).run_alone();
        run.expect_success();
        assert_eq!(run.stderr, "", "{how}");
        let files = files_in(&all);
        assert_eq!(files.len(), 1, "{how}: {files:?}");
        let made = fs::symlink_metadata(&files[0]).unwrap();
        assert_eq!((made.uid(), made.gid()), (USER, USER), "{how}");
        assert_eq!(made.permissions().mode() & 0o777, 0o600);
        let rows = Rows::read(&files[0]);
        rows.at("take_before").expect_counts("as root", 100, 100);
        rows.at("take_afterwards")
            .expect_counts("as somebody else", 100, 100);
        fs::remove_file(&files[0]).unwrap();
    }
}

#[test]
fn a_folder_that_only_root_may_write_in_costs_the_profile_and_one_line() {
    let place = Place::new("roots");
    let roots = place.join("roots");
    // Capabilities are a thread's own, and ours keeps none.
    for how in ["keeps", "drops", "hides"] {
        let run = changing(&place, how, &roots).run_alone();
        expect_one_line(&run, "Permission denied");
        assert_eq!(files_in(&roots), [] as [PathBuf; 0], "{how}");
    }
    // In a folder like /tmp, what root wrote before stays as it is.
    let before = place.join("sticky").join("fixed.pb.gz");
    fs::write(&before, "root's own").unwrap();
    let run = changing(&place, "drops", &before).run_alone();
    expect_one_line(&run, "cannot write");
    assert_eq!(fs::read_to_string(&before).unwrap(), "root's own");
    assert_eq!(files_in(&place.join("sticky")), [before]);
}

#[test]
fn behind_a_new_root_and_as_another_user_the_profile_is_lost_and_that_is_said() {
    let place = Place::new("behind");
    let run = changing(&place, "roots", &place.join("all")).run_alone();
    expect_one_line(&run, "cannot write");
    assert_eq!(files_in(&run.home().join("profiles")), [] as [PathBuf; 0]);
    assert_eq!(files_in(&place.join("all")), [] as [PathBuf; 0]);
}

/// What a user gets on the control socket of a process.
fn answer_to(user: u32, pid: u32) -> String {
    let script = "import socket, sys; s = socket.socket(socket.AF_UNIX)\n\
                  s.connect('\\0' + sys.argv[1])\n\
                  try:\n s.sendall(b'status\\n'); print(s.recv(100))\n\
                  except ConnectionError: print(b'')";
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let mut command = Command::new(if is_root { "setpriv" } else { "sudo" });
    if !is_root {
        command.args(["-n", "setpriv"]);
    }
    let user = format!("--reuid={user}");
    let output = command
        .args([&user, "--clear-groups", PYTHON, "-c", script])
        .arg(control::name(pid))
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn the_control_socket_answers_whom_the_program_has_become() {
    let place = Place::new("control");
    let goes_on = place.join("all").join("goes-on");
    fs::write(&goes_on, "").unwrap();
    let output = place.join("all").join("profile.pb.gz");
    let program = changing(&place, "drops", &output)
        .args([&goes_on])
        .start(false);
    let pid = program.id();
    let is_users = || {
        fs::metadata(format!("/proc/{pid}")).is_ok_and(|made| made.uid() == USER)
            && control::connect(pid).is_ok()
    };
    let begin = Instant::now();
    while !is_users() {
        assert!(begin.elapsed() < Duration::from_secs(20), "no socket");
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(answer_to(OTHER, pid), "b''");
    for user in [USER, 0] {
        assert!(answer_to(user, pid).contains("OK"), "{user}");
    }
    fs::remove_file(&goes_on).unwrap();
    let run = program.wait(Duration::from_secs(20));
    run.expect_success();
    assert_eq!(run.stderr, "");
    assert!(Rows::read(&output).acquires() >= 200);
}

/// A program of another user who may have so many threads.
fn with_threads(place: &Place, threads: u32, options: &[String]) -> Program {
    let user = [format!("--reuid={ALONE}"), format!("--regid={ALONE}")];
    as_root()
        .args(["prlimit", &format!("--nproc={threads}"), "setpriv"])
        .args(user)
        .args(["--clear-groups", "env"])
        .args(options)
        .args([place.program("short_of_threads")])
}

#[test]
fn where_threads_are_few_the_program_has_all_it_would_have_had() {
    let place = Place::new("threads");
    let all = place.join("all");
    for threads in 1..=4 {
        let alone = with_threads(&place, threads, &[]).run_alone();
        for is_controlled in [0, 1] {
            let options = [
                "LOCKPROF_SAMPLE=1".to_owned(),
                format!("LOCKPROF_CONTROL={is_controlled}"),
                format!("LOCKPROF_OUTPUT={}", all.display()),
                place.preload(),
            ];
            let run = with_threads(&place, threads, &options).run_alone();
            run.expect_success();
            assert_eq!(run.stdout, alone.stdout, "with {threads}");
            // Of a thread of ours that had to go, or could not come.
            let is_ours = |line: &str| line.starts_with("lockprof: ");
            assert!(run.stderr.lines().all(is_ours), "{}", run.stderr);
            assert!(run.stderr.lines().count() <= 2, "{}", run.stderr);
            assert!(threads > 2 || threads == 1 || !run.stderr.is_empty());
            let files = files_in(&all);
            assert_eq!(files.len(), 1, "{files:?}");
            let started = i64::try_from(run.stdout.matches("another thread").count()).unwrap();
            let taken = (started + 1) * 200;
            Rows::read(&files[0])
                .at("take")
                .expect_counts("of all threads", taken, taken);
            fs::remove_file(&files[0]).unwrap();
        }
    }
}
