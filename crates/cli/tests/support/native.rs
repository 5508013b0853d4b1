//! A C++ program that tells from where it locks, and a profile made of what it tells.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    reason = "a test fails by panicking, and no file of tests needs all of this"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use contract::pprof;
use contract::profile::{Location, Mapping, Profile, Sample};
use object::Object;

use super::{Scratch, gzip, lock_labels};

/// Each line with a comment is one that a frame must show.
pub(crate) const SOURCE: &str = r#"
#include <mutex>

namespace bank {
class Account {
    std::mutex mutex_;
    long balance_ = 0;

public:
    long add(long amount)
    {
        std::lock_guard<std::mutex> guard(mutex_); // takes the lock
        balance_ += amount;
        return balance_;
    }
};

template <class T> struct Twice {
    static long add(Account &account, T amount)
    {
        return account.add(amount) * 2; // calls add
    }
};
} // namespace bank

bank::Account account;

__attribute__((noinline)) long deposit(long amount)
{
    return bank::Twice<int>::add(account, static_cast<int>(amount)) + 1; // calls Twice::add
}

int main(int count, char **)
{
    return deposit(count) == 3 ? 0 : 1; // calls deposit
}
"#;

/// The program's own lock: it prints its mappings and from where it was called, once.
const PROBE: &str = r#"
#include <execinfo.h>
#include <stdio.h>
#include <pthread.h>

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    static int calls;
    (void)mutex;
    if (calls++ > 0)
        return 0;
    void *frames[64];
    int len = backtrace(frames, 64);
    for (int i = 1; i < len; i++)
        printf("frame %lx\n", (unsigned long)frames[i]);
    char line[4096];
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps))
        printf("map %s", line);
    return 0;
}
"#;

/// The number of the line of the program with this comment.
pub(crate) fn line_of(comment: &str) -> i64 {
    let at = SOURCE
        .lines()
        .position(|line| line.ends_with(&format!("// {comment}")));
    i64::try_from(at.unwrap()).unwrap() + 1
}

/// The program's source, where it was built.
pub(crate) fn source() -> PathBuf {
    folder().join("bank.cc")
}

/// The program, with everything that debuggers want; built once, and here a copy of its own.
pub(crate) fn build(scratch: &Scratch, name: &str) -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let built = PROGRAM.get_or_init(|| {
        let (probe, object) = (folder().join("probe.c"), folder().join("probe.o"));
        let program = folder().join("bank");
        fs::create_dir_all(folder()).unwrap();
        fs::write(source(), SOURCE).unwrap();
        fs::write(&probe, PROBE).unwrap();
        succeed(
            Command::new("gcc")
                .args(["-O1", "-c", "-o"])
                .arg(&object)
                .arg(&probe),
        );
        succeed(
            Command::new("g++")
                .args(["-O2", "-g", "-pthread", "-rdynamic", "-Wl,--build-id", "-o"])
                .arg(&program)
                .arg(source())
                .arg(&object),
        );
        program
    });
    let program = scratch.join(name);
    fs::copy(built, &program).unwrap();
    program
}

/// The same with debug information as these flags make it, whose parts are left beside it.
pub(crate) fn build_with(scratch: &Scratch, flags: &[&str]) -> PathBuf {
    let program = build(scratch, "bank");
    succeed(
        Command::new("g++")
            .current_dir(scratch.path())
            .args(["-O2", "-pthread", "-rdynamic", "-Wl,--build-id", "-o"])
            .arg(&program)
            .args(flags)
            .arg(source())
            .arg(folder().join("probe.o")),
    );
    program
}

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .canonicalize()
        .unwrap();
    folder.join(format!("bank-{}", std::process::id()))
}

/// Runs a command that must succeed.
pub(crate) fn succeed(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What the library would have written: addresses, mappings with build ids, no names.
pub(crate) fn profile_of(program: &Path) -> Profile {
    let said = succeed(&mut Command::new(program));
    let mut profile = Profile {
        start_unix_ns: 4_000_000_000_000_000_000,
        duration_ns: 1_000_000_000,
        ..Profile::default()
    };
    // Of the C library there may be debug information here, or not.
    let own = |mapping: &Mapping| Path::new(&mapping.file) == program;
    let maps = said.lines().filter_map(|line| line.strip_prefix("map "));
    profile.mappings = maps.filter_map(mapping).filter(own).collect();
    for frame in said.lines().filter_map(|line| line.strip_prefix("frame ")) {
        let address = u64::from_str_radix(frame, 16).unwrap() - 1;
        let within = |mapping: &Mapping| (mapping.start..mapping.limit).contains(&address);
        let mapping = profile.mappings.iter().position(within);
        profile.locations.extend(mapping.map(|_| Location {
            address,
            mapping,
            lines: Vec::new(),
        }));
    }
    profile.samples = vec![Sample {
        stack: (0..profile.locations.len()).collect(),
        values: [10, 5_000_000, 0, 0, 10, 0, 10, 0, 0],
        labels: lock_labels("account", "0x5010"),
    }];
    profile
}

/// The profile as a file.
pub(crate) fn file_of(scratch: &Scratch, profile: &Profile) -> PathBuf {
    scratch.file("p.pb.gz", &gzip(&pprof::encode(profile)))
}

/// A line of `/proc/self/maps`, if it is of code from a file.
fn mapping(line: &str) -> Option<Mapping> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [addresses, permissions, offset, _, _, file] = words[..] else {
        return None;
    };
    let (start, limit) = addresses.split_once('-')?;
    (permissions.contains('x') && file.starts_with('/')).then(|| Mapping {
        start: u64::from_str_radix(start, 16).unwrap(),
        limit: u64::from_str_radix(limit, 16).unwrap(),
        file_offset: u64::from_str_radix(offset, 16).unwrap(),
        file: file.to_owned(),
        build_id: build_id(Path::new(file)),
        ..Mapping::default()
    })
}

/// The build id of a file in hexadecimal.
pub(crate) fn build_id(file: &Path) -> String {
    let bytes = fs::read(file).unwrap();
    let object = object::read::elf::ElfFile64::<object::Endianness>::parse(&*bytes).unwrap();
    let id = object.build_id().unwrap().unwrap_or_default();
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Takes the debug information out of a program, into a file of its own beside it.
pub(crate) fn strip(program: &Path) -> PathBuf {
    let debug = program.with_extension("debug");
    let folder = program.parent().unwrap();
    let objcopy = |arguments: &[&str]| {
        succeed(Command::new("objcopy").args(arguments).current_dir(folder));
    };
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let (program, file) = (name(program), name(&debug));
    objcopy(&["--only-keep-debug", &program, &file]);
    objcopy(&["--strip-all", &program]);
    objcopy(&[&format!("--add-gnu-debuglink={file}"), &program]);
    debug
}
