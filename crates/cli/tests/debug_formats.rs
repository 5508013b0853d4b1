//! `lockprof symbolize` on the forms in which compilers and tools leave debug information.
//!
//! The program is always the same: five functions, of which three are inlined into each other.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    reason = "a test fails by panicking, and no file of tests needs all that is shared"
)]

mod support;

use std::fs;
use std::io::Read as _;
use std::process::Command;

use contract::pprof;
use contract::profile::Profile;
use flate2::read::GzDecoder;
use support::native::{file_of, profile_of, succeed};
use support::{Scratch, lockprof, stderr};

/// Each line with a comment is one that a frame must show.
const CHAIN: &str = include_str!("data/chain.cc");

/// The same in Rust.
const RUST_CHAIN: &str = include_str!("data/chain.rust");

/// Prints from where it was called, and the mappings.
const PROBE: &str = r#"
#include <stdio.h>
#include <unwind.h>

static _Unwind_Reason_Code tell(struct _Unwind_Context *context, void *unused)
{
    (void)unused;
    if (_Unwind_GetIP(context) > 0)
        printf("frame %lx\n", (unsigned long)_Unwind_GetIP(context));
    return _URC_NO_REASON;
}

void probe(void)
{
    char line[4096];
    FILE *maps = fopen("/proc/self/maps", "r");
    _Unwind_Backtrace(tell, NULL);
    while (maps && fgets(line, sizeof line, maps))
        printf("map %s", line);
    fflush(stdout);
}
"#;

/// The ends of the comments, innermost first.
const COMMENTS: [&str; 5] = [
    "asks",
    "calls add",
    "calls the lambda",
    "calls Twice::add",
    "calls deposit",
];

/// Names of the five functions, innermost first.
type Names = [&'static str; 5];

/// All that debug information can tell.
const CPP: Names = [
    "bank::Account::add",
    "bank::Twice<int>::add(bank::Account&, int)::{lambda(int)#1}::operator() const",
    "bank::Twice<int>::add",
    "(anonymous namespace)::deposit",
    "main",
];
/// What clang leaves of it: what is inlined has no scope any more.
const CPP_LINES: Names = [
    "add",
    "operator()",
    "add",
    "(anonymous namespace)::deposit",
    "main",
];
/// And of Rust.
const RUST: Names = [
    "<chain::Account>::add",
    "<i32 as chain::Twice>::twice::{closure#0}",
    "<i32 as chain::Twice>::twice",
    "chain::deposit",
    "chain::main",
];
/// Source lines alone.
const RUST_LINES: Names = [
    "add",
    "{closure#0}<i32>",
    "twice<i32>",
    "chain::deposit",
    "chain::main",
];

/// How `chain` is built by a shell, and what its frames are called then.
struct Form(&'static str, Names);

/// A C++ program, from its own file and with the probe.
const BUILD: &str = "-O2 -Wl,--build-id chain.cc probe.o -o chain";
/// The one in Rust.
const RUSTC: &str = "--edition 2024 -C symbol-mangling-version=v0 -C link-arg=probe.o \
    -C link-arg=-Wl,--build-id chain.rs";
/// Its debug information goes to another file.
const SEPARATE: &str = "objcopy --only-keep-debug chain chain.debug; \
    objcopy --strip-all --add-gnu-debuglink=chain.debug chain";

/// The frames of the chain are these, and nobody complains.
fn assert_forms(name: &str, source: &str, forms: &[Form]) {
    let scratch = Scratch::new(name);
    for Form(script, names) in forms {
        let script = script
            .replace("BUILD", BUILD)
            .replace("RUSTC", RUSTC)
            .replace("SEPARATE", SEPARATE);
        build(&scratch, source, &script);
        let (found, said) = symbolized(&scratch, source);
        let expected = COMMENTS.map(|comment| line_of(source, comment));
        let expected: Vec<_> = names
            .iter()
            .map(|name| (*name).to_owned())
            .zip(expected)
            .collect();
        assert_eq!(found, expected, "{script}: {said}");
        assert_eq!(said.lines().count(), 1, "{script}: {said}");
    }
}

/// In a folder that has nothing from the form before.
fn build(scratch: &Scratch, source: &str, script: &str) {
    for entry in fs::read_dir(scratch.path()).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    scratch.file(file_name(source), source.as_bytes());
    scratch.file("probe.c", PROBE.as_bytes());
    let script = format!("gcc -O1 -c probe.c; {script}");
    succeed(
        Command::new("sh")
            .args(["-ec", &script])
            .current_dir(scratch.path()),
    );
}

fn file_name(source: &str) -> &'static str {
    if source == CHAIN {
        "chain.cc"
    } else {
        "chain.rs"
    }
}

fn line_of(source: &str, comment: &str) -> i64 {
    let comment = format!("// {comment}");
    let at = source.lines().position(|line| line.ends_with(&comment));
    i64::try_from(at.unwrap()).unwrap() + 1
}

/// The frames of the program's source, and what the command said.
fn symbolized(scratch: &Scratch, source: &str) -> (Vec<(String, i64)>, String) {
    let file = file_of(scratch, &profile_of(&scratch.join("chain")));
    let mut command = lockprof();
    command.arg("symbolize").arg(&file);
    let output = command.env_remove("DEBUGINFOD_URLS").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let profile = read(&fs::read(&file).unwrap());
    let stack = profile.samples[0].stack.iter();
    let lines = stack.flat_map(|index| &profile.locations[*index].lines);
    let named = lines.map(|line| (&profile.functions[line.function], line.line));
    let own = named.filter(|(function, _)| function.file.ends_with(file_name(source)));
    let frames = own.map(|(function, line)| (function.name.clone(), line));
    (frames.collect(), stderr(&output))
}

fn read(gzip: &[u8]) -> Profile {
    let mut bytes = Vec::new();
    GzDecoder::new(gzip).read_to_end(&mut bytes).unwrap();
    pprof::decode(&bytes).unwrap()
}

#[test]
fn whatever_version_and_amount_gcc_was_told_to_leave_is_read() {
    assert_forms(
        "forms-of-gcc",
        CHAIN,
        &[
            Form("g++ -g1 BUILD", CPP),
            Form("g++ -gdwarf-4 BUILD", CPP),
            Form("g++ -gdwarf-5 BUILD", CPP),
            Form("g++ -g -gdwarf64 BUILD", CPP),
            Form("g++ -gdwarf-4 -fdebug-types-section BUILD", CPP),
            Form("g++ -gdwarf-5 -fdebug-types-section BUILD", CPP),
            Form("g++ -g -flto BUILD", CPP),
        ],
    );
}

#[test]
fn whatever_version_and_amount_clang_was_told_to_leave_is_read() {
    assert_forms(
        "forms-of-clang",
        CHAIN,
        &[
            Form("clang++-14 -gdwarf-2 BUILD", CPP),
            Form("clang++-14 -gdwarf-4 BUILD", CPP),
            Form("clang++-14 -gdwarf-5 BUILD", CPP),
            Form("clang++-14 -gline-tables-only BUILD", CPP_LINES),
            Form("clang++-14 -g -fdebug-types-section BUILD", CPP),
            Form("clang++-14 -g -flto=thin -fuse-ld=lld BUILD", CPP),
        ],
    );
}

#[test]
fn whatever_rustc_was_told_to_leave_is_read() {
    assert_forms(
        "forms-of-rustc",
        RUST_CHAIN,
        &[
            Form("rustc -O -g RUSTC", RUST),
            Form("rustc -O -C debuginfo=line-tables-only RUSTC", RUST_LINES),
            Form("rustc -O -g -C split-debuginfo=unpacked RUSTC", RUST),
            Form("rustc -O -g -C split-debuginfo=packed RUSTC", RUST),
            Form("rustc -O -g -C lto=fat RUSTC", RUST),
        ],
    );
}

#[test]
fn compressed_debug_information_is_read() {
    assert_forms(
        "compressed",
        CHAIN,
        &[
            Form("g++ -g -gz=zlib BUILD", CPP),
            Form("g++ -g -gz=zlib-gnu BUILD", CPP),
            Form(
                "g++ -g BUILD; objcopy --compress-debug-sections=zstd chain",
                CPP,
            ),
            Form(
                "g++ -g BUILD; SEPARATE; objcopy --compress-debug-sections=zstd chain.debug; \
                objcopy --remove-section=.gnu_debuglink --add-gnu-debuglink=chain.debug chain",
                CPP,
            ),
        ],
    );
}

#[test]
fn split_debug_information_is_put_together() {
    assert_forms(
        "put-together",
        CHAIN,
        &[
            Form("g++ -gdwarf-4 -gsplit-dwarf BUILD", CPP),
            Form("g++ -gdwarf-5 -gsplit-dwarf -gz BUILD", CPP),
            Form(
                "g++ -gdwarf-4 -gsplit-dwarf -fdebug-types-section BUILD",
                CPP,
            ),
            Form("g++ -gdwarf-5 -gsplit-dwarf BUILD; SEPARATE", CPP),
            Form(
                "g++ -gdwarf-4 -gsplit-dwarf BUILD; dwp -e chain; rm *.dwo",
                CPP,
            ),
            Form(
                "g++ -gdwarf-5 -gsplit-dwarf BUILD; llvm-dwp-14 -e chain -o chain.dwp; rm *.dwo",
                CPP,
            ),
            Form(
                "clang++-14 -gdwarf-5 -gsplit-dwarf BUILD; llvm-dwp-14 -e chain -o chain.dwp; rm *.dwo; \
                SEPARATE; mv chain.dwp chain.debug.dwp",
                CPP,
            ),
            Form(
                "clang++-14 -O2 -g -gsplit-dwarf=single -c chain.cc; g++ chain.o probe.o -o chain",
                CPP,
            ),
        ],
    );
}

#[test]
fn what_files_share_is_found() {
    assert_forms(
        "shared",
        CHAIN,
        &[
            Form(
                "g++ -gdwarf-4 BUILD; cp chain other; dwz -m common chain other; rm other",
                CPP,
            ),
            Form(
                "g++ -gdwarf-5 BUILD; cp chain other; dwz -m common chain other; rm other; \
                objcopy --compress-debug-sections=zlib common",
                CPP,
            ),
        ],
    );
}

#[test]
fn places_in_a_file_are_addresses_however_it_was_linked() {
    assert_forms(
        "linked",
        CHAIN,
        &[
            Form("g++ -g -no-pie BUILD; SEPARATE", CPP),
            Form("g++ -g -static-pie BUILD", CPP),
            Form("g++ -g -static BUILD; SEPARATE", CPP),
            Form(
                "g++ -g -ffunction-sections -Wl,--gc-sections,-z,noseparate-code BUILD; SEPARATE",
                CPP,
            ),
            Form("g++ -g -Wl,-z,max-page-size=2097152 BUILD; SEPARATE", CPP),
            Form("clang++-14 -g -fuse-ld=lld BUILD; SEPARATE", CPP),
            Form(
                "g++ -O2 -g -Wl,--build-id=none chain.cc probe.o -o chain; SEPARATE",
                CPP,
            ),
        ],
    );
}

#[test]
fn split_parts_that_cannot_be_used_are_told_from_missing_ones() {
    let scratch = Scratch::new("unusable-parts");
    build(
        &scratch,
        CHAIN,
        &format!("g++ -gdwarf-5 -gsplit-dwarf -fdebug-types-section {BUILD}"),
    );
    let (_, said) = symbolized(&scratch, CHAIN);
    assert!(
        said.contains("its .dwo files cannot be used, as "),
        "{said}"
    );
    build(
        &scratch,
        CHAIN,
        &format!("g++ -gdwarf-5 -gsplit-dwarf {BUILD}; rm *.dwo"),
    );
    let (_, said) = symbolized(&scratch, CHAIN);
    let gone = scratch.join("chain-chain.dwo");
    let message = format!(
        "neither {} nor {}.dwp is there",
        gone.display(),
        scratch.join("chain").display()
    );
    assert!(said.contains(&message), "{said}");
}
