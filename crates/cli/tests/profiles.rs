//! `lockprof run` around a program that leaves profiles: which are found, and what is shown.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use contract::file_name::{self, Identity};
use contract::{comment, options, pprof};
use support::{Scratch, assert_golden, encoded, gzip, run, several, stderr, stdout};

/// How many profiles the stand-in writes, one per process it plays.
const COUNT: &str = "STAND_IN_PROFILES";
/// Whether holds are short in them.
const SHORT: &str = "STAND_IN_SHORT";
/// Whether the lock that costs most is waited for only once.
const ONCE: &str = "STAND_IN_ONCE";
/// Whether nobody waits in them.
const CALM: &str = "STAND_IN_CALM";

/// Not a test of its own: run by the others in place of a program under the library,
/// it writes profiles as the library does.
#[test]
fn a_stand_in_for_a_program_that_locks() {
    let Some(count) = env::var(COUNT).ok().and_then(|count| count.parse().ok()) else {
        return;
    };
    let (options, complaints) = options::resolve(|name| env::var(name).ok());
    assert_eq!(complaints, []);
    let mut profile = several::profile();
    if env::var_os(SHORT).is_some() {
        for sample in &mut profile.samples {
            sample.values[3] /= 1_000;
        }
    }
    if env::var_os(ONCE).is_some() {
        // The first two rows are those of waits for that lock.
        profile.samples[0].values[4] = 1;
        profile.samples.remove(1);
    }
    if env::var_os(CALM).is_some() {
        for sample in &mut profile.samples {
            // Neither waits, nor attempts that found a lock taken, nor blame.
            sample.values[1] = 0;
            sample.values[4] = 0;
            sample.values[5] = 0;
        }
    }
    let mark = options.run.unwrap();
    profile.comments.push(format!("{}{mark}", comment::RUN));
    profile
        .comments
        .push("lost: 3 stacks (unreadable)".to_owned());
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let output = options.output.unwrap_or_default();
    for pid in 1..=count {
        let id = Identity {
            executable: "stand-in".to_owned(),
            pid,
            start_ms: since_1970.as_millis().try_into().unwrap(),
        };
        let is_folder = Path::new(&output).is_dir();
        let mut path = file_name::expand(&output, is_folder, &id).unwrap();
        if pid > 1 && !file_name::names_process(&output, is_folder) {
            path = file_name::for_child(&path, pid);
        }
        if let Some(parent) = Path::new(&path).parent() {
            fs::create_dir_all(parent).unwrap();
        }
        fs::write(path, gzip(&pprof::encode(&profile))).unwrap();
    }
}

/// `lockprof run` around the stand-in.
fn with_profiles(scratch: &Scratch, count: u32, flags: &[&str]) -> Command {
    let mut command = run(scratch);
    command
        .args(flags)
        .arg("--")
        .arg(env::current_exe().unwrap())
        .args(["a_stand_in_for_a_program_that_locks", "--exact"])
        .env(COUNT, count.to_string());
    command
}

/// The files that were named, and everything that was said.
fn files(output: &Output) -> (Vec<PathBuf>, String) {
    assert!(output.status.success(), "{}", stderr(output));
    let said = stderr(output);
    let files = said
        .lines()
        .filter_map(|line| line.strip_prefix("lockprof: profile: "))
        .map(PathBuf::from)
        .collect();
    (files, said)
}

#[test]
fn after_a_run_its_locks_and_its_profile_are_shown() {
    let scratch = Scratch::new("shown");
    let output = with_profiles(&scratch, 1, &[]).output().unwrap();
    let (files, said) = files(&output);
    assert_eq!(files.len(), 1, "{said}");
    assert!(scratch.path().join(&files[0]).is_file());
    let file = files[0].to_str().unwrap();
    assert_golden("digest.txt", &said.replace(file, "FILE"));
}

/// What `lockprof run` says in a terminal of this width, with this in front of it.
fn in_a_terminal(scratch: &Scratch, columns: usize, environment: &str) -> String {
    let command = format!(
        "stty rows 40 cols {columns}; cd {}; {environment} {} run -o p.pb.gz -- {} \
         a_stand_in_for_a_program_that_locks --exact >/dev/null",
        scratch.path().display(),
        env!("CARGO_BIN_EXE_lockprof"),
        env::current_exe().unwrap().display(),
    );
    let output = Command::new("script")
        .args(["-q", "-c", &command, "/dev/null"])
        .env(COUNT, "1")
        .env("LOCKPROF_LIBRARY", support::library())
        .env("TERM", "xterm")
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    stdout(&output).replace('\r', "")
}

#[test]
fn in_a_terminal_the_end_of_a_run_fits_and_has_colours() {
    let scratch = Scratch::new("terminal");
    for columns in [60, 80] {
        let text = in_a_terminal(&scratch, columns, "NO_COLOR=1");
        let lines = text.lines().filter(|line| !line.contains("p.pb.gz"));
        for line in lines {
            assert!(line.chars().count() <= columns, "{columns}: {text}");
        }
        assert!(text.contains("…\n"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
        let coloured = in_a_terminal(&scratch, columns, "");
        assert!(coloured.contains("\u{1b}[1;31m6.2%\u{1b}[0m"), "{coloured}");
        let mut plain = coloured;
        for code in ["0", "1", "2", "1;31", "1;32"] {
            plain = plain.replace(&format!("\u{1b}[{code}m"), "");
        }
        assert_eq!(plain, text);
        let golden = format!("digest-{columns}.txt");
        assert_golden(
            &golden,
            &plain.replace(scratch.path().to_str().unwrap(), "."),
        );
    }
}

#[test]
fn colours_are_for_terminals_and_for_who_insists() {
    let scratch = Scratch::new("colours");
    for (variables, is_coloured) in [
        (&[][..], false),
        (&[("CLICOLOR_FORCE", "1")], true),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
    ] {
        let output = with_profiles(&scratch, 1, &["-o", "p.pb.gz"])
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE")
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let said = stderr(&output);
        assert_eq!(
            said.contains('\u{1b}'),
            is_coloured,
            "{variables:?}: {said}"
        );
    }
}

#[test]
fn a_run_without_waiting_is_said_to_wait_for_no_lock() {
    let scratch = Scratch::new("calm");
    let output = with_profiles(&scratch, 1, &["-o", "p.pb.gz"])
        .env(CALM, "1")
        .output()
        .unwrap();
    let (_, said) = files(&output);
    let head = "\nlockprof: in 10.0 s, 3 threads lost 0% of their time to locks: 0 ns\n";
    assert!(said.starts_with(head), "{said}");
    let next = "\nnext:  look elsewhere: locks are not what this run waits for\n";
    assert!(said.contains(next), "{said}");
    assert!(!said.contains("  1. "), "{said}");
}

#[test]
fn what_to_do_is_about_the_place_that_others_waited_for() {
    let scratch = Scratch::new("blame");
    let output = with_profiles(&scratch, 1, &["-o", "p.pb.gz"])
        .env(SHORT, "1")
        .output()
        .unwrap();
    let (_, said) = files(&output);
    // No hint: the holds are too short for one.
    let next = "\nnext:  do less while cache_mu is held in flush (main.cc:7)\n";
    assert!(said.contains(next), "{said}");
}

#[test]
fn to_do_less_is_no_advice_where_there_was_one_wait() {
    let scratch = Scratch::new("once");
    let output = with_profiles(&scratch, 1, &["-o", "p.pb.gz"])
        .env(ONCE, "1")
        .output()
        .unwrap();
    let (_, said) = files(&output);
    let next = "\nnext:  cache_mu was waited for only once: perhaps for the end of a thread\n";
    assert!(said.contains(next), "{said}");
}

#[test]
fn profiles_are_found_in_a_folder_and_by_a_pattern() {
    let scratch = Scratch::new("places");
    for (place, expected) in [
        ("new/", "new/lockprof.stand-in.1."),
        ("new", "new/lockprof.stand-in.1."),
        ("fixed.pb.gz", "fixed.pb.gz"),
        ("%e-%p.pb.gz", "stand-in-1.pb.gz"),
        ("deep/%e/%p/%t", "deep/stand-in/1/"),
    ] {
        let output = with_profiles(&scratch, 1, &["-o", place]).output().unwrap();
        let (files, said) = files(&output);
        assert_eq!(files.len(), 1, "{place}: {said}");
        let expected = scratch.join(expected).to_str().unwrap().to_owned();
        assert!(files[0].to_str().unwrap().starts_with(&expected), "{said}");
        assert!(files[0].is_file());
    }
}

#[test]
fn profiles_are_also_found_in_the_folder_for_temporary_files() {
    let scratch = Scratch::new("tmpdir");
    let temporary = scratch.join("tmp");
    fs::create_dir(&temporary).unwrap();
    // The stand-in writes where it is told; the command is not told.
    let shell = format!("cd {} && exec \"$@\"", temporary.display());
    let output = run(&scratch)
        .args(["--", "sh", "-c", &shell, "sh"])
        .arg(env::current_exe().unwrap())
        .args(["a_stand_in_for_a_program_that_locks", "--exact"])
        .env(COUNT, "1")
        .env("TMPDIR", &temporary)
        .output()
        .unwrap();
    let (files, said) = files(&output);
    assert_eq!(files.len(), 1, "{said}");
    assert!(files[0].starts_with(&temporary), "{said}");
}

#[test]
fn the_profiles_of_all_processes_add_up() {
    let scratch = Scratch::new("processes");
    for place in [&[][..], &["-o", "one.pb.gz"], &["-o", "%p.pb.gz"]] {
        let output = with_profiles(&scratch, 3, place).output().unwrap();
        let (files, said) = files(&output);
        assert_eq!(files.len(), 3, "{said}");
        assert!(
            said.contains("lockprof: in 30.0 s of 3 processes, 9 threads lost 6.2% of their time to locks: 5.55 s"),
            "{said}"
        );
    }
}

#[test]
fn a_long_list_of_files_is_cut() {
    let scratch = Scratch::new("many");
    let output = with_profiles(&scratch, 25, &[]).output().unwrap();
    let (files, said) = files(&output);
    assert_eq!(files.len(), 10, "{said}");
    assert!(
        said.ends_with("lockprof: … and 15 more profiles beside them\n"),
        "{said}"
    );
}

#[test]
fn profiles_of_other_runs_are_left_alone() {
    let scratch = Scratch::new("others");
    let far = "lockprof.other.1.9999999999999.pb.gz";
    scratch.file(far, &encoded());
    scratch.file("lockprof.broken.1.9999999999999.pb.gz", b"broken");
    scratch.file("lockprof.old.1.1000.pb.gz", &encoded());
    let output = with_profiles(&scratch, 1, &[]).output().unwrap();
    let (files, said) = files(&output);
    assert_eq!(files.len(), 1, "{said}");
    assert!(files[0].to_str().unwrap().contains("stand-in"), "{said}");
    assert!(!said.contains("broken"), "{said}");
}

#[test]
fn a_profile_that_cannot_be_read_is_named_when_there_is_no_other() {
    let scratch = Scratch::new("broken");
    scratch.file("lockprof.broken.1.9999999999999.pb.gz", b"broken");
    let output = run(&scratch).arg("true").output().unwrap();
    let said = stderr(&output);
    assert!(
        said.contains("broken.1.9999999999999.pb.gz: not a whole"),
        "{said}"
    );
    assert!(said.contains("lockprof: no profile: "), "{said}");
}
