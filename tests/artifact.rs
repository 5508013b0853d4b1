//! The library as a file: what it exports, needs and weighs, and what its hot gates consist of.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use support::build;

fn binutils(program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    build::tool(
        "binutils",
        command
            .args(arguments)
            .arg(build::library())
            .env("LC_ALL", "C"),
    )
}

/// The functions of the hook table: rows that begin with `fn name(`.
fn interposed() -> BTreeSet<String> {
    let table = fs::read_to_string(build::root().join("src/intercept/table.rs")).unwrap();
    let (_, rows) = table.split_once("\nhooks! {\n").unwrap();
    let (rows, _) = rows.split_once("\n}\n").unwrap();
    let names: BTreeSet<String> = rows
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("fn "))
        .filter_map(|row| row.split_once('('))
        .map(|(name, _)| name.to_owned())
        .collect();
    assert!(
        names.contains("pthread_mutex_lock") && names.len() > 10,
        "{names:?}"
    );
    names
}

/// The functions that the header declares.
fn declared() -> BTreeSet<String> {
    let header = fs::read_to_string(build::root().join("include/lockprof.h")).unwrap();
    let code: Vec<&str> = header
        .lines()
        .filter(|line| {
            !["#", "/", " *", "*"]
                .iter()
                .any(|start| line.starts_with(start))
        })
        .collect();
    let code = code.join("\n");
    let names: BTreeSet<String> = code
        .match_indices("lockprof_")
        .filter_map(|(at, _)| code[at..].split_once('('))
        .map(|(name, _)| name.to_owned())
        .filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        .collect();
    assert!(names.contains("lockprof_flush"), "{names:?}");
    names
}

/// A defined dynamic symbol.
struct Exported {
    begin: u64,
    size: u64,
}

fn exported() -> BTreeMap<String, Exported> {
    binutils("nm", &["--dynamic", "--defined-only", "--print-size"])
        .lines()
        .map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let [begin, size, _, name] = fields[..] else {
                panic!("{line}")
            };
            let number = |text| u64::from_str_radix(text, 16).unwrap();
            (
                name.to_owned(),
                Exported {
                    begin: number(begin),
                    size: number(size),
                },
            )
        })
        .collect()
}

#[test]
fn exports_are_the_table_and_the_header_and_nothing_else() {
    let exported: BTreeSet<String> = exported().into_keys().collect();
    let promised: BTreeSet<String> = interposed().union(&declared()).cloned().collect();
    assert_eq!(exported, promised);
}

#[test]
fn every_declaration_is_weak_so_that_programs_run_without_us() {
    let header = fs::read_to_string(build::root().join("include/lockprof.h")).unwrap();
    assert!(header.contains("weak"), "{header}");
}

#[test]
fn needed_libraries_are_those_of_every_program() {
    let allowed = [
        "libc.so.6",
        "libgcc_s.so.1",
        "ld-linux-x86-64.so.2",
        // Parts of the C library before 2.34.
        "libpthread.so.0",
        "libdl.so.2",
    ];
    for line in binutils("readelf", &["--dynamic", "--wide"]).lines() {
        if line.contains("(NEEDED)") {
            let name = line.split(['[', ']']).nth(1).unwrap();
            assert!(allowed.contains(&name), "needs {name}");
        }
        assert!(!line.contains("(TEXTREL)"), "{line}");
        assert!(
            !line.contains("(RPATH)") && !line.contains("(RUNPATH)"),
            "{line}"
        );
    }
}

#[test]
fn it_is_loaded_once_whatever_path_it_is_asked_for_by() {
    let dynamic = binutils("readelf", &["--dynamic", "--wide"]);
    assert!(dynamic.contains("soname: [liblockprof.so]"), "{dynamic}");
}

/// That lock calls never look it up dynamically is seen from C, in `host.rs`: the
/// standard library, which our own thread uses, cannot do without.
#[test]
fn thread_local_storage_is_small_and_there_from_the_start() {
    let initial_exec = binutils("readelf", &["--relocs", "--wide"]);
    assert!(initial_exec.contains("R_X86_64_TPOFF64"), "{initial_exec}");
    let segments = binutils("readelf", &["--segments", "--wide"]);
    let tls = segments
        .lines()
        .find(|line| line.trim_start().starts_with("TLS"))
        .unwrap();
    let size = tls
        .split_whitespace()
        .nth(5)
        .unwrap()
        .trim_start_matches("0x");
    let size = u64::from_str_radix(size, 16).unwrap();
    assert!(size <= 1024, "{size} bytes of thread-local storage: {tls}");
}

#[test]
fn it_needs_no_newer_c_library_than_the_oldest_we_promise() {
    for line in binutils("readelf", &["--version-info", "--wide"]).lines() {
        for version in line.split("Name: GLIBC_2.").skip(1) {
            let minor = version.split(|c: char| !c.is_ascii_digit()).next().unwrap();
            let minor: u32 = minor.parse().unwrap();
            assert!(minor <= 35, "needs GLIBC_2.{minor}: {line}");
        }
    }
}

#[test]
fn the_file_is_small() {
    let size = fs::metadata(build::library()).unwrap().len();
    println!("liblockprof.so has {size} bytes");
    // With TLS, which is half of it.
    assert!(size <= 2_700_000, "{size} bytes");
}

/// Instructions of one function, each with the comment that names its target.
fn instructions(function: &Exported) -> Vec<String> {
    let begin = format!("--start-address={:#x}", function.begin);
    let end = format!("--stop-address={:#x}", function.begin + function.size);
    binutils(
        "objdump",
        &["--disassemble", "--no-show-raw-insn", &begin, &end],
    )
    .lines()
    .filter_map(|line| line.trim_start().split_once(":\t"))
    .map(|(_, instruction)| instruction.to_owned())
    .collect()
}

/// The cells of the global offset table, by address, that lead to a function.
fn imports() -> BTreeMap<u64, String> {
    binutils("readelf", &["--relocs", "--wide"])
        .lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let kind = fields.get(2)?;
            let wanted = kind.contains("JUMP_SLO") || kind.contains("GLOB_DAT");
            let name = fields.get(4)?.split('@').next()?;
            wanted.then(|| (u64::from_str_radix(fields[0], 16).unwrap(), name.to_owned()))
        })
        .collect()
}

#[test]
fn exported_gates_are_short_and_call_nothing_of_the_system() {
    let (imports, exported) = (imports(), exported());
    for name in interposed() {
        let gate = instructions(&exported[&name]);
        assert!(!gate.is_empty() && gate.len() <= 24, "{name}: {gate:#?}");
        for instruction in &gate {
            expect_harmless(&name, instruction, &imports);
        }
    }
}

fn expect_harmless(function: &str, instruction: &str, imports: &BTreeMap<u64, String>) {
    let first = instruction.split_whitespace().next().unwrap();
    assert!(
        !["lock", "syscall", "cpuid", "mfence"].contains(&first),
        "{function}: {instruction}"
    );
    // Without symbols a place in our data may be named after the last entry of the
    // table of calls, far away.
    assert!(!instruction.contains("@plt>"), "{function}: {instruction}");
    let target = instruction
        .split("# ")
        .nth(1)
        .and_then(|t| t.split_whitespace().next());
    if let Some(target) = target.and_then(|t| u64::from_str_radix(t, 16).ok()) {
        assert!(
            !imports.contains_key(&target),
            "{function}: {instruction} is {:?}",
            imports[&target]
        );
    }
}

/// The code of the gates proper: everything that reads our thread-local block and
/// ends in a jump, found by that read.
#[test]
fn gates_that_count_make_one_call_at_most() {
    let text = binutils("objdump", &["--disassemble", "--no-show-raw-insn"]);
    let lines: Vec<&str> = text.lines().collect();
    let imports = imports();
    let mut gates = 0;
    for (i, line) in lines.iter().enumerate() {
        if !line.contains("decq   %fs:(%rax)") {
            continue;
        }
        gates += 1;
        let mut calls = 0;
        for instruction in lines[i..]
            .iter()
            .filter_map(|line| line.split_once(":\t"))
            .take(12)
        {
            let instruction = instruction.1;
            expect_harmless("a gate", instruction, &imports);
            calls += usize::from(instruction.starts_with("call"));
            if instruction.starts_with("ret") {
                break;
            }
        }
        assert!(calls <= 1, "{calls} calls after {line}");
    }
    assert!(gates >= 4, "{gates} gates found");
}
