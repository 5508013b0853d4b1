//! What `liblockprof.so` says of itself.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use contract::build_note::{KIND, OWNER};
use object::read::elf::{ElfFile64, FileHeader, SectionHeader};
use object::{Endianness, Object};

use crate::{locate, output};

/// The library has 2.5 MB, and with all names of its functions 30.
const MOST_BYTES: u64 = 256 << 20;

/// What is in the note of its build.
#[derive(Debug, Default, PartialEq, Eq)]
struct Note {
    version: String,
    features: Vec<String>,
}

/// The library beside this command, in one line: where it is, of which version, with what,
/// and its build id; or why that is not known.
pub(crate) fn described() -> String {
    match locate::library() {
        Ok(path) => {
            let about =
                read(&path).map_or_else(|error| output::reason(&error), |file| about(&file));
            format!("{}, {about}", path.display())
        }
        Err(why) => why,
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn about(file: &[u8]) -> String {
    let Ok(elf) = ElfFile64::<Endianness>::parse(file) else {
        return "no library of 64 bits".to_owned();
    };
    let version = note(&elf, file).map_or_else(
        || "of an unknown version".to_owned(),
        |note| note.in_words(),
    );
    let id = elf.build_id().ok().flatten().unwrap_or_default();
    let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    match id.as_str() {
        "" => format!("{version}, without a build id"),
        id => format!("{version}, build id {id}"),
    }
}

fn note(elf: &ElfFile64<'_, Endianness>, file: &[u8]) -> Option<Note> {
    let endian = elf.endian();
    let sections = elf.elf_header().sections(endian, file).ok()?;
    let mut notes = sections.iter().filter_map(|section| {
        let mut notes = section.notes(endian, file).ok()??;
        let note = notes.next().ok()??;
        let is_ours = note.name() == OWNER.as_bytes() && note.n_type(endian).0 == KIND;
        is_ours.then(|| String::from_utf8_lossy(note.desc()).into_owned())
    });
    let text = notes.next()?;
    let mut words = text.trim_end_matches('\0').split(' ').map(str::to_owned);
    Some(Note {
        version: words.next()?,
        features: words.collect(),
    })
}

impl Note {
    /// `version 0.1.0 with tls, control`
    fn in_words(&self) -> String {
        let features = match self.features.as_slice() {
            [] => "without tls and control".to_owned(),
            features => format!("with {}", features.join(", ")),
        };
        let differs = if self.version == env!("CARGO_PKG_VERSION") {
            ""
        } else {
            " (not that of this command)"
        };
        format!("version {}{differs} {features}", self.version)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn a_note_is_told_in_words() {
        let note = |version: &str, features: &[&str]| {
            let features = features.iter().map(|word| (*word).to_owned()).collect();
            let version = version.to_owned();
            Note { version, features }.in_words()
        };
        let own = env!("CARGO_PKG_VERSION");
        assert_eq!(note(own, &["tls"]), format!("version {own} with tls"));
        assert_eq!(
            note("0.0.9", &[]),
            "version 0.0.9 (not that of this command) without tls and control"
        );
    }

    #[test]
    fn what_is_no_library_of_ours_is_said_so() {
        assert_eq!(about(b"nothing"), "no library of 64 bits");
        let own = read(&std::env::current_exe().unwrap()).unwrap();
        assert!(about(&own).starts_with("of an unknown version, "));
        for len in [64, 100, 1_000, 100_000] {
            let _ = about(&own[..len]);
        }
    }
}
