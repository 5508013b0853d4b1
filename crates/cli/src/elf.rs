//! What an executable file is, as far as it decides whether a library can be preloaded.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// Longest first line of a script, longest path of an interpreter.
const MOST_BYTES: u64 = 4096;
/// No real program has more segments.
const MOST_SEGMENTS: u16 = 512;

/// What kind of file it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Executable {
    /// A script; its first line without `#!`.
    Script(String),
    /// For processors of 32 bits.
    Bits32,
    /// For another processor.
    OtherMachine,
    /// Linked statically.
    Static,
    /// Linked dynamically, with this loader.
    Dynamic(String),
    /// Anything else.
    Unknown,
}

/// Looks into an executable file.
///
/// # Errors
///
/// It cannot be read.
pub(crate) fn inspect(path: &Path) -> io::Result<Executable> {
    let mut file = File::open(path)?;
    let mut head = Vec::new();
    file.by_ref().take(MOST_BYTES).read_to_end(&mut head)?;
    if let Some(line) = head.strip_prefix(b"#!") {
        let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
        return Ok(Executable::Script(
            String::from_utf8_lossy(line).trim().to_owned(),
        ));
    }
    if !head.starts_with(b"\x7fELF") {
        return Ok(Executable::Unknown);
    }
    if head.get(4) == Some(&1) {
        return Ok(Executable::Bits32);
    }
    if u16_at(&head, 18) != Some(machine()) || head.get(5) != Some(&byte_order()) {
        return Ok(Executable::OtherMachine);
    }
    Ok(interpreter(&mut file, &head)?.map_or(Executable::Static, Executable::Dynamic))
}

/// The path in the segment PT_INTERP, if there is one.
fn interpreter(file: &mut File, head: &[u8]) -> io::Result<Option<String>> {
    let (Some(table), Some(size), Some(number)) =
        (u64_at(head, 32), u16_at(head, 54), u16_at(head, 56))
    else {
        return Ok(None);
    };
    for segment in 0..number.min(MOST_SEGMENTS) {
        let at = table.saturating_add(u64::from(segment) * u64::from(size));
        let header = read_at(file, at, u64::from(size))?;
        if u32_at(&header, 0) != Some(3) {
            continue;
        }
        let (Some(at), Some(len)) = (u64_at(&header, 8), u64_at(&header, 32)) else {
            continue;
        };
        let path = read_at(file, at, len.min(MOST_BYTES))?;
        let path = path.split(|byte| *byte == 0).next().unwrap_or_default();
        return Ok(Some(String::from_utf8_lossy(path).into_owned()));
    }
    Ok(None)
}

/// What names the functions of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Symbols {
    /// A table of all of them.
    Table,
    /// It is stripped: only what it exports, if anything.
    Exports,
}

/// Which symbols a file has.
///
/// # Errors
///
/// It cannot be read.
pub(crate) fn symbols(path: &Path) -> io::Result<Symbols> {
    const SYMTAB: u32 = 2;
    let mut file = File::open(path)?;
    let sections = sections(&mut file)?;
    let has_table = sections
        .iter()
        .any(|header| u32_at(header, 4) == Some(SYMTAB));
    Ok(if has_table {
        Symbols::Table
    } else {
        Symbols::Exports
    })
}

/// The build id of a file in hexadecimal, if it has one.
///
/// # Errors
///
/// It cannot be read.
pub(crate) fn build_id(path: &Path) -> io::Result<Option<String>> {
    const NOTE: u32 = 7;
    /// Lengths of name and contents, their sort, and the name.
    const GNU_BUILD_ID: &[u8] = b"\x03\0\0\0GNU\0";
    let mut file = File::open(path)?;
    for header in sections(&mut file)? {
        let place = (u64_at(&header, 24), u64_at(&header, 32));
        let (Some(NOTE), (Some(at), Some(len))) = (u32_at(&header, 4), place) else {
            continue;
        };
        let note = read_at(&mut file, at, len.min(MOST_BYTES))?;
        let Some((head, id)) = note.split_at_checked(16) else {
            continue;
        };
        if head.ends_with(GNU_BUILD_ID) {
            return Ok(Some(id.iter().map(|byte| format!("{byte:02x}")).collect()));
        }
    }
    Ok(None)
}

/// The headers of all sections.
fn sections(file: &mut File) -> io::Result<Vec<Vec<u8>>> {
    let head = read_at(file, 0, 64)?;
    let (Some(table), Some(size), Some(number)) =
        (u64_at(&head, 40), u16_at(&head, 58), u16_at(&head, 60))
    else {
        return Ok(Vec::new());
    };
    (0..number.min(MOST_SEGMENTS))
        .map(|section| {
            let at = table.saturating_add(u64::from(section) * u64::from(size));
            read_at(file, at, u64::from(size))
        })
        .collect()
}

fn read_at(file: &mut File, at: u64, len: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(at))?;
    file.by_ref().take(len).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    array_at(bytes, at).map(u16::from_ne_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    array_at(bytes, at).map(u32::from_ne_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    array_at(bytes, at).map(u64::from_ne_bytes)
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

fn machine() -> u16 {
    match std::env::consts::ARCH {
        "aarch64" => 183,
        "riscv64" => 243,
        "powerpc64" => 21,
        "s390x" => 22,
        "loongarch64" => 258,
        _ => 62,
    }
}

fn byte_order() -> u8 {
    if cfg!(target_endian = "little") { 1 } else { 2 }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use std::env;
    use std::fs;

    use super::*;

    fn of(name: &str, bytes: &[u8]) -> Executable {
        let path = env::temp_dir().join(format!("lockprof-elf-{name}-{}", std::process::id()));
        fs::write(&path, bytes).unwrap();
        let found = inspect(&path).unwrap();
        fs::remove_file(path).unwrap();
        found
    }

    /// A header with one segment behind it, and behind that the path of a loader.
    fn program(kind: u32, loader: &str) -> Vec<u8> {
        let mut bytes = vec![0; 64 + 56];
        let mut put = |at: usize, part: &[u8]| bytes[at..at + part.len()].copy_from_slice(part);
        put(0, b"\x7fELF\x02");
        put(5, &[byte_order()]);
        put(18, &machine().to_ne_bytes());
        put(32, &64_u64.to_ne_bytes());
        put(54, &56_u16.to_ne_bytes());
        put(56, &1_u16.to_ne_bytes());
        put(64, &kind.to_ne_bytes());
        put(64 + 8, &120_u64.to_ne_bytes());
        put(
            64 + 32,
            &u64::try_from(loader.len() + 1).unwrap().to_ne_bytes(),
        );
        bytes.extend(loader.bytes());
        bytes.push(0);
        bytes
    }

    #[test]
    fn a_dynamic_program_names_its_loader() {
        let loader = "/lib/ld-musl-x86_64.so.1";
        let expected = Executable::Dynamic(loader.to_owned());
        assert_eq!(of("dynamic", &program(3, loader)), expected);
        let own = inspect(&env::current_exe().unwrap()).unwrap();
        assert!(matches!(own, Executable::Dynamic(loader) if loader.contains("ld-linux")));
    }

    #[test]
    fn a_program_without_a_loader_is_static() {
        assert_eq!(of("static", &program(1, "")), Executable::Static);
    }

    #[test]
    fn other_processors_are_told() {
        let mut narrow = program(3, "/x");
        narrow[4] = 1;
        assert_eq!(of("narrow", &narrow), Executable::Bits32);
        let mut other = program(3, "/x");
        other[18] ^= 0x40;
        assert_eq!(of("other", &other), Executable::OtherMachine);
    }

    #[test]
    fn scripts_give_their_first_line_and_the_rest_is_unknown() {
        let script = of("script", b"#! /bin/sh -e\necho");
        assert_eq!(script, Executable::Script("/bin/sh -e".to_owned()));
        assert_eq!(of("text", b"hello"), Executable::Unknown);
        assert_eq!(of("empty", b""), Executable::Unknown);
    }

    #[test]
    fn cut_or_damaged_headers_do_no_harm() {
        let whole = program(3, "/lib/ld.so");
        for len in 0..whole.len() {
            let _ = of("cut", &whole[..len]);
        }
        let mut wild = whole.clone();
        wild[32..40].copy_from_slice(&u64::MAX.to_ne_bytes());
        let path = env::temp_dir().join(format!("lockprof-elf-wild-{}", std::process::id()));
        fs::write(&path, &wild).unwrap();
        let _ = inspect(&path);
        fs::remove_file(path).unwrap();
    }
}
