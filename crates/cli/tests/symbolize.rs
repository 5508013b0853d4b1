//! `lockprof symbolize` on profiles of a real program, wherever its debug information lies.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::env;
use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use contract::profile::Profile;
use contract::{comment, options, pprof};
use flate2::read::GzDecoder;
use support::native::{build, build_id, file_of, line_of, profile_of, source, strip, succeed};
use support::{Scratch, gzip, lockprof, run, stderr, stdout};

/// The command, with nothing of the surroundings in its way.
fn symbolize(file: &Path, arguments: &[&str]) -> Command {
    let mut command = lockprof();
    command
        .arg("symbolize")
        .args(arguments)
        .arg(file)
        .env_remove("DEBUGINFOD_URLS");
    command
}

/// What it said, having succeeded.
fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(stdout(&output), "");
    stderr(&output)
}

fn read(file: &Path) -> Profile {
    let mut bytes = Vec::new();
    let gzip = fs::read(file).unwrap();
    GzDecoder::new(&*gzip).read_to_end(&mut bytes).unwrap();
    pprof::decode(&bytes).unwrap()
}

/// All functions of the only stack, innermost first, with file and line.
fn frames(profile: &Profile) -> Vec<(String, String, i64)> {
    let stack = &profile.samples[0].stack;
    let lines = stack
        .iter()
        .flat_map(|index| &profile.locations[*index].lines);
    lines
        .map(|line| {
            let function = &profile.functions[line.function];
            (function.name.clone(), function.file.clone(), line.line)
        })
        .collect()
}

/// The frames that are in the program's own source.
fn own_frames(profile: &Profile) -> Vec<(String, i64)> {
    let source = source().to_str().unwrap().to_owned();
    let frames = frames(profile).into_iter();
    let own = frames.filter(|(_, file, _)| *file == source);
    own.map(|(name, _, line)| (name, line)).collect()
}

fn expected() -> Vec<(String, i64)> {
    [
        ("bank::Account::add", "takes the lock"),
        ("bank::Twice<int>::add", "calls add"),
        ("deposit", "calls Twice::add"),
        ("main", "calls deposit"),
    ]
    .map(|(name, comment)| (name.to_owned(), line_of(comment)))
    .into()
}

#[test]
fn inlined_functions_and_their_lines_are_added() {
    let scratch = Scratch::new("inlined");
    let program = build(&scratch, "bank");
    let before = profile_of(&program);
    let file = file_of(&scratch, &before);
    let said = said(&mut symbolize(&file, &[]));
    assert!(said.starts_with("lockprof: lines for "), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    let after = read(&file);
    assert_eq!(own_frames(&after), expected());
    let names: Vec<_> = frames(&after)
        .into_iter()
        .map(|(name, _, _)| name)
        .collect();
    let inner = [
        "std::mutex::lock",
        "std::lock_guard<std::mutex>::lock_guard",
    ];
    for name in inner {
        assert!(
            names.iter().position(|found| found == name) < Some(3),
            "{names:?}"
        );
    }
    let mapping = &after.mappings[0];
    assert!(mapping.has_functions && mapping.has_filenames);
    assert!(mapping.has_line_numbers && mapping.has_inline_frames);
    assert_eq!(after.samples, before.samples);
    assert_eq!(after.locations.len(), before.locations.len());
    let of = |name: &str| {
        after
            .functions
            .iter()
            .find(|function| function.name == name)
            .unwrap()
    };
    assert_eq!(
        of("bank::Account::add").system_name,
        "_ZN4bank7Account3addEl"
    );
    let begin = of("deposit").start_line;
    assert!(
        (1..3).contains(&(line_of("calls Twice::add") - begin)),
        "{begin}"
    );
}

#[test]
fn pprof_and_the_report_show_the_lines() {
    let scratch = Scratch::new("viewers");
    let file = file_of(&scratch, &profile_of(&build(&scratch, "bank")));
    said(&mut symbolize(&file, &[]));
    let pprof = |arguments: &[&str]| {
        let mut go = Command::new("go");
        succeed(
            go.args(["tool", "pprof"])
                .args(arguments)
                .arg(&file)
                .env("PPROF_BINARY_PATH", ""),
        )
    };
    let source = source().display().to_string();
    let top = pprof(&["-top", "-lines"]);
    for (name, line) in expected() {
        assert!(top.contains(&format!("{name} {source}:{line}")), "{top}");
    }
    let list = pprof(&["-list", "bank::Account::add"]);
    let line = format!("5ms        5ms     {}:", line_of("takes the lock"));
    assert!(list.contains(&line), "{list}");

    let output = lockprof()
        .args(["report", "--by", "site"])
        .arg(&file)
        .output()
        .unwrap();
    let site = format!("bank::Account::add (bank.cc:{})", line_of("takes the lock"));
    assert!(stdout(&output).contains(&site), "{}", stdout(&output));
}

#[test]
fn symbolizing_twice_changes_nothing() {
    let scratch = Scratch::new("twice");
    let file = file_of(&scratch, &profile_of(&build(&scratch, "bank")));
    said(&mut symbolize(&file, &[]));
    let (bytes, inode) = (fs::read(&file).unwrap(), file.metadata().unwrap().ino());
    let said = said(&mut symbolize(&file, &[]));
    assert!(said.contains(" addresses, as before"), "{said}");
    assert_eq!(fs::read(&file).unwrap(), bytes);
    assert_eq!(
        file.metadata().unwrap().ino(),
        inode,
        "it was not even written"
    );
}

#[test]
fn the_result_can_go_to_another_file() {
    let scratch = Scratch::new("elsewhere");
    let file = file_of(&scratch, &profile_of(&build(&scratch, "bank")));
    let (before, other) = (fs::read(&file).unwrap(), scratch.join("other.pb.gz"));
    said(&mut symbolize(&file, &["-o", other.to_str().unwrap()]));
    assert_eq!(fs::read(&file).unwrap(), before);
    assert_eq!(own_frames(&read(&other)), expected());
    let output = symbolize(&file, &["-o", "x", "y"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        stderr(&output),
        "lockprof: --output goes with one profile\n"
    );
}

/// Symbolizes a fresh profile of a stripped program; the lines found, and what was said.
fn stripped(
    scratch: &Scratch,
    profile: &Profile,
    setup: &mut dyn FnMut(&mut Command),
) -> (Vec<(String, i64)>, String) {
    let file = file_of(scratch, profile);
    let mut command = symbolize(&file, &[]);
    setup(&mut command);
    let said = said(&mut command);
    (own_frames(&read(&file)), said)
}

#[test]
fn separate_debug_information_is_found_where_debuggers_find_it() {
    let scratch = Scratch::new("separate");
    let program = build(&scratch, "bank");
    let debug = strip(&program);
    let profile = profile_of(&program);
    let moved = scratch.join("moved");
    fs::rename(&debug, &moved).unwrap();
    let (found, said) = stripped(&scratch, &profile, &mut |_| {});
    let id = build_id(&program);
    assert_eq!(found, []);
    assert!(
        said.contains(&format!("no debug information for bank ({id})")),
        "{said}"
    );

    let debug_dir = scratch.join("dir");
    let by_id = debug_dir.join(format!(".build-id/{}/{}.debug", &id[..2], &id[2..]));
    let inside = debug_dir.join(scratch.path().strip_prefix("/").unwrap());
    fs::create_dir_all(&debug_dir).unwrap();
    for place in [
        scratch.join("bank.debug"),
        scratch.join(".debug/bank.debug"),
        by_id,
        inside.join("bank.debug"),
        debug_dir.join("bank.debug"),
    ] {
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::copy(&moved, &place).unwrap();
        for flag in [true, false] {
            let (found, said) = stripped(&scratch, &profile, &mut |command| {
                if flag {
                    command.arg("--debug-dir").arg(&debug_dir);
                } else {
                    command.env(
                        "LOCKPROF_DEBUG_DIRS",
                        format!("/nowhere:{}", debug_dir.display()),
                    );
                }
            });
            assert_eq!(found, expected(), "{}: {said}", place.display());
        }
        fs::remove_file(&place).unwrap();
    }
}

#[test]
fn debug_information_is_enough_when_the_program_is_gone() {
    let scratch = Scratch::new("gone");
    let program = build(&scratch, "bank");
    let profile = profile_of(&program);
    let file = file_of(&scratch, &profile);
    let before = fs::read(&file).unwrap();
    let debug = strip(&program);
    let kept = scratch.join("kept");
    fs::rename(&debug, &kept).unwrap();
    let id = build_id(&program);
    fs::remove_file(&program).unwrap();
    let said = said(&mut symbolize(&file, &[]));
    assert!(
        said.contains(&format!(
            "no debug information for bank ({id}; the file is gone)"
        )),
        "{said}"
    );
    assert_eq!(fs::read(&file).unwrap(), before, "{said}");

    let by_id = scratch.join(&format!(".build-id/{}/{}.debug", &id[..2], &id[2..]));
    fs::create_dir_all(by_id.parent().unwrap()).unwrap();
    fs::rename(&kept, &by_id).unwrap();
    fs::write(&file, before).unwrap();
    let dir = scratch.path().to_str().unwrap();
    self::said(&mut symbolize(&file, &["--debug-dir", dir]));
    assert_eq!(own_frames(&read(&file)), expected());
}

#[test]
fn what_is_of_another_build_or_damaged_is_refused() {
    let scratch = Scratch::new("refused");
    let program = build(&scratch, "bank");
    let debug = strip(&program);
    let profile = profile_of(&program);
    let good = fs::read(&debug).unwrap();
    let mut damaged = good.clone();
    // Behind the header, so that it still is an ELF file of this build.
    let tables = damaged.len() / 2;
    damaged[tables..].fill(0xff);
    let other = scratch.join("other");
    fs::write(scratch.join("other.c"), "int main(void) { return 7; }").unwrap();
    succeed(
        Command::new("gcc")
            .args(["-g", "-Wl,--build-id", "-o"])
            .arg(&other)
            .arg(scratch.join("other.c")),
    );
    for (bytes, why) in [
        (
            fs::read(&other).unwrap(),
            format!("debug information of build {}, not of ", build_id(&other)),
        ),
        (good[..200].to_vec(), "no usable ELF file".to_owned()),
        (b"\x7fELF".to_vec(), "no usable ELF file".to_owned()),
        (vec![], "no usable ELF file".to_owned()),
        (
            b"not an ELF file at all".to_vec(),
            "no usable ELF file".to_owned(),
        ),
    ] {
        fs::write(&debug, bytes).unwrap();
        let (found, said) = stripped(&scratch, &profile, &mut |_| {});
        assert_eq!(found, [], "{said}");
        assert!(
            said.starts_with(&format!("lockprof: {}: {why}", debug.display())),
            "{said}"
        );
        assert!(said.contains("; no debug information for bank ("), "{said}");
    }
    for len in [good.len() / 4, good.len() / 2, good.len() - 100] {
        fs::write(&debug, &good[..len]).unwrap();
        let (found, said) = stripped(&scratch, &profile, &mut |_| {});
        assert!(found.is_empty() || found == expected(), "{said}");
    }
    fs::write(&debug, damaged).unwrap();
    stripped(&scratch, &profile, &mut |_| {});
}

#[test]
fn a_program_that_was_built_anew_keeps_its_old_names() {
    let scratch = Scratch::new("anew");
    let program = build(&scratch, "bank");
    let file = file_of(&scratch, &profile_of(&program));
    succeed(
        Command::new("gcc")
            .args(["-shared", "-g", "-Wl,--build-id", "-o"])
            .arg(&program)
            .arg(source().with_file_name("probe.c")),
    );
    let said = said(&mut symbolize(&file, &[]));
    assert!(said.contains("; the file is another build now)"), "{said}");
    assert!(
        said.starts_with("lockprof: lines for 0 of 3 addresses; nothing changed; "),
        "{said}"
    );
    assert_eq!(own_frames(&read(&file)), []);
}

#[test]
fn without_debug_information_names_come_from_the_symbol_table() {
    let scratch = Scratch::new("symbols");
    let program = build(&scratch, "bank");
    let debug = strip(&program);
    fs::remove_file(debug).unwrap();
    let (file, profile) = (scratch.join("p.pb.gz"), profile_of(&program));
    stripped(&scratch, &profile, &mut |_| {});
    let names: Vec<_> = frames(&read(&file))
        .into_iter()
        .map(|(name, _, line)| (name, line))
        .collect();
    // Exported for the loader, so they are still there.
    let expected = [("deposit".to_owned(), 0), ("main".to_owned(), 0)];
    assert_eq!(names[..2], expected, "{names:?}");
    assert!(!read(&file).mappings[0].has_line_numbers);
}

#[test]
fn files_that_are_no_profiles_are_told() {
    let scratch = Scratch::new("no-profiles");
    let file = scratch.file("x", b"garbage");
    for file in [file, scratch.join("missing")] {
        let output = symbolize(&file, &[]).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let said = stderr(&output);
        assert!(
            said.starts_with(&format!("lockprof: {}: ", file.display())),
            "{said}"
        );
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    let nothing = file_of(&scratch, &support::profile());
    let said = said(&mut symbolize(&nothing, &[]));
    assert_eq!(
        said,
        "lockprof: no addresses in files: there is nothing to look up\n"
    );
}

#[test]
fn a_folder_that_is_none_is_told() {
    let scratch = Scratch::new("no-folder");
    let file = file_of(&scratch, &support::profile());
    let output = symbolize(&file, &["--debug-dir", "/nowhere"]).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        stderr(&output),
        "lockprof: --debug-dir /nowhere: no directory\n"
    );
}

/// Names the profile that the stand-in leaves.
const PROFILE: &str = "STAND_IN_PROFILE";

/// Not a test of its own: run by the next one in place of a program under the library.
#[test]
fn a_stand_in_that_leaves_a_profile() {
    let Some(from) = env::var_os(PROFILE) else {
        return;
    };
    let (options, _) = options::resolve(|name| env::var(name).ok());
    let mut profile = read(Path::new(&from));
    profile
        .comments
        .push(format!("{}{}", comment::RUN, options.run.unwrap()));
    fs::write(options.output.unwrap(), gzip(&pprof::encode(&profile))).unwrap();
}

#[test]
fn a_run_adds_lines_by_itself_unless_told_not_to() {
    let scratch = Scratch::new("by-itself");
    let from = file_of(&scratch, &profile_of(&build(&scratch, "bank")));
    let left = |flags: &[&str]| -> (PathBuf, Output) {
        let place = scratch.join("left.pb.gz");
        let _ = fs::remove_file(&place);
        let output = run(&scratch)
            .args(flags)
            .arg("-o")
            .arg(&place)
            .arg("--")
            .arg(env::current_exe().unwrap())
            .args(["a_stand_in_that_leaves_a_profile", "--exact"])
            .env(PROFILE, &from)
            .env_remove("DEBUGINFOD_URLS")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        (place, output)
    };
    let site = format!("bank::Account::add (bank.cc:{})", line_of("takes the lock"));
    let (place, output) = left(&[]);
    assert_eq!(own_frames(&read(&place)), expected());
    assert!(stderr(&output).contains(&site), "{}", stderr(&output));
    let (place, output) = left(&["-q"]);
    assert_eq!(own_frames(&read(&place)), expected());
    assert_eq!(stderr(&output), "");
    for flags in [&["--no-symbolize"][..], &["--symbols", "off"]] {
        let (place, output) = left(flags);
        assert_eq!(frames(&read(&place)), [], "{flags:?}");
        assert!(!stderr(&output).contains("bank.cc"), "{}", stderr(&output));
    }
}
