//! Damaged object files and debug information: answers or faults, in bounded time.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use chance::Chance;

use super::dwarf::DebugFile;
use super::object_file::{ObjectFile, Place};
use super::symbols;
use crate::elf;

/// Sound files take a millisecond.
const LOOK_MAX: Duration = Duration::from_secs(10);

/// A folder of this test's own, with a small program in it; removed on drop.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("lockprof-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A program with debug information, whole, as bytes.
    fn program(&self) -> Vec<u8> {
        let source = self.0.join("program.c");
        let text = "static inline __attribute__((always_inline)) int in(int x) { return x * 7; }\n\
                    int f(int x) { return in(x) + 1; }\nint main(void) { return f(3); }\n";
        fs::write(&source, text).unwrap();
        let to = self.0.join("program");
        let made = Command::new("gcc")
            .args(["-g", "-O1", "-Wl,--build-id", "-o"])
            .args([&to, &source])
            .status();
        assert!(made.unwrap().success(), "gcc makes no program");
        fs::read(to).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Bytes in a few places of what matters: headers, and the sections of debug information.
fn damaged(whole: &[u8], chance: &Chance) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    let sections = bytes.len() - 64 * 40;
    let begins = [0, 64, sections, whole.len() / 2];
    for _ in 0..=chance.below(6) {
        let begin = chance.one_of(&begins);
        let at = (begin + chance.below(whole.len() - begin)).min(whole.len() - 8);
        let at = if chance.is_one_in(2) {
            begin + (at - begin) % 2048
        } else {
            at
        };
        let number = chance.edge().to_le_bytes();
        let len = chance.one_of(&[1, 2, 4, 8]);
        bytes[at..at + len].copy_from_slice(&number[..len]);
    }
    if chance.is_one_in(10) {
        bytes.truncate(chance.below(whole.len()));
    }
    bytes
}

fn look_at(path: &Path) -> bool {
    let _ = elf::inspect(path);
    let _ = elf::symbols(path);
    let _ = elf::build_id(path);
    let _ = symbols::names(path, &[0x1000, 0x1129, u64::MAX]);
    let object = ObjectFile::open(path);
    if let Ok(object) = &object {
        let _ = object.address_of(Place {
            offset: 0x1130,
            mapping_offset: 0x1000,
        });
    }
    object.is_ok()
}

#[test]
fn any_object_file_is_looked_at_without_harm() {
    let folder = Folder::new("any-object");
    let whole = folder.program();
    let path = folder.0.join("damaged");
    let (mut read, mut refused) = (0, 0);
    let is_enough = chance::rounds(300, |chance| {
        fs::write(&path, damaged(&whole, chance)).unwrap();
        let begin = Instant::now();
        *if look_at(&path) {
            &mut read
        } else {
            &mut refused
        } += 1;
        assert!(begin.elapsed() < LOOK_MAX);
    });
    if is_enough {
        assert!(read > 20 && refused > 20, "{read} read, {refused} refused");
    }
}

#[test]
fn any_debug_information_answers_in_bounded_time() {
    let folder = Folder::new("any-debug");
    let whole = folder.program();
    let path = folder.0.join("damaged");
    let addresses: Vec<u64> = (0x1000..0x1200).step_by(8).collect();
    let mut told = 0;
    // A panic is the end of the process that reads, which is there for that (reader.rs).
    panic::set_hook(Box::new(|_| ()));
    let is_enough = chance::rounds(300, |chance| {
        fs::write(&path, damaged(&whole, chance)).unwrap();
        let file = DebugFile {
            path: path.clone(),
            common: None,
            is_compressed: false,
        };
        let begin = Instant::now();
        let frames = panic::catch_unwind(AssertUnwindSafe(|| file.frames(&addresses)));
        told += u32::from(matches!(frames, Ok(Ok(_))));
        assert!(begin.elapsed() < LOOK_MAX, "{:?}", begin.elapsed());
    });
    let _ = panic::take_hook();
    assert!(told > 30 || !is_enough, "{told}");
}
