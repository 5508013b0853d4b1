//! What a program's file says: whether a library can be preloaded into it, and is seen.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use super::{Check, Subject};
use crate::elf::{self, Executable, Symbols};
use crate::why;

/// More of a file is not searched for marks.
const MOST_BYTES: u64 = 256 << 20;
/// What Go puts into every program.
const GO: &[u8] = b"\xff Go buildinf:";
/// A function of AddressSanitizer's runtime, in whatever is compiled for it.
const ADDRESS_SANITIZER: &[u8] = b"__asan_init";
/// The same of ThreadSanitizer's.
const THREAD_SANITIZER: &[u8] = b"__tsan_init";

pub(super) fn check(subject: &Subject) -> Vec<Check> {
    let Some(file) = &subject.file else {
        return vec![match subject.process {
            Some(_) => Check::doubt(
                format!("the file of {} cannot be opened", subject.name),
                "ask as the user it runs as, or as root",
            ),
            None => Check::bad(
                format!("{}: no such program", subject.name),
                "name a program that is in PATH, or its path",
            ),
        }];
    };
    let bytes = contents(file);
    let mut checks = Vec::new();
    let is_go = find(&bytes, GO);
    match why::of_file(file) {
        Some(reason) => {
            let seen = file.display().to_string();
            checks.push(Check::bad(
                reason.replace(&seen, &subject.name),
                advice(file, is_go),
            ));
        }
        None => checks.push(Check::good(format!(
            "{} can have a library preloaded into it",
            subject.name
        ))),
    }
    if has_capabilities(file) {
        checks.push(Check::bad(
            format!(
                "{} has file capabilities: the system preloads nothing into it",
                subject.name
            ),
            "run a copy without them (cp drops them), as a user who has the rights",
        ));
    }
    if is_go {
        checks.push(Check::doubt(
            "it is written in Go: only locks of C code in it are seen",
            "Go's own locks are in Go's own profile, /debug/pprof/mutex",
        ));
    }
    if find(&bytes, ADDRESS_SANITIZER) {
        checks.push(Check::bad(
            "it is compiled with AddressSanitizer, which refuses to start under LD_PRELOAD",
            "profile a build without -fsanitize=address",
        ));
    }
    if find(&bytes, THREAD_SANITIZER) {
        checks.push(Check::bad(
            "it is compiled with ThreadSanitizer, under which the library stays off",
            "profile a build without -fsanitize=thread",
        ));
    }
    checks.extend(symbols(file));
    checks
}

fn advice(file: &Path, is_go: bool) -> &'static str {
    match elf::inspect(file) {
        Ok(Executable::Static) if is_go => {
            "Go makes its locks itself; use its own profile, /debug/pprof/mutex"
        }
        Ok(Executable::Static) => "link it dynamically (without -static), or profile such a build",
        Ok(Executable::Bits32) => "profile a 64-bit build of it",
        Ok(Executable::OtherMachine) => "profile it on a machine of that kind",
        Ok(Executable::Dynamic(loader)) if loader.contains("musl") => {
            "profile a build for glibc, as in a Debian container"
        }
        _ => "run a copy without these bits (cp drops them), as a user who has the rights",
    }
}

/// How functions will be called.
fn symbols(file: &Path) -> Option<Check> {
    Some(match elf::symbols(file).ok()? {
        Symbols::Table => Check::good("it has a symbol table: its functions have names"),
        Symbols::Exports => {
            let debug = elf::build_id(file).ok().flatten().map(|id| debug_file(&id));
            let advice = match debug {
                Some(path) if Path::new(&path).is_file() => {
                    format!("its symbols are in {path}, which the library does not read")
                }
                _ => "profile a build that is not stripped".to_owned(),
            };
            Check::doubt(
                "it is stripped: functions it does not export are shown as file+0x…",
                advice,
            )
        }
    })
}

fn debug_file(build_id: &str) -> String {
    let (first, rest) = build_id.split_at_checked(2).unwrap_or((build_id, ""));
    format!("/usr/lib/debug/.build-id/{first}/{rest}.debug")
}

fn contents(file: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(file) = File::open(file) {
        let _ = file.take(MOST_BYTES).read_to_end(&mut bytes);
    }
    bytes
}

fn find(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|part| part == mark)
}

fn has_capabilities(file: &Path) -> bool {
    let Ok(file) = fs::canonicalize(file) else {
        return false;
    };
    let mut value = [0_u8; 64];
    rustix::fs::getxattr(&file, "security.capability", &mut value).is_ok_and(|len| len > 0)
}
