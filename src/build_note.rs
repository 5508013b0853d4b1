//! What the library's file says of itself, for `lockprof --version`: a note of ELF.
#![allow(
    unsafe_code,
    reason = "says in which section of the file something lies"
)]

use contract::build_note::{KIND, OWNER};

/// The version, and the features there are; from build.rs.
const TEXT: &[u8] = env!("BUILD_NOTE").as_bytes();
/// Owner and text end with a zero and are filled up to multiples of four.
const OWNER_LEN: usize = padded(OWNER.len() + 1);
const TEXT_LEN: usize = padded(TEXT.len() + 1);

/// As ELF lays a note out.
#[repr(C)]
struct Note {
    owner_len: u32,
    text_len: u32,
    kind: u32,
    owner: [u8; OWNER_LEN],
    text: [u8; TEXT_LEN],
}

// SAFETY: a section of notes, which linkers keep, and nothing but a note in it.
#[unsafe(link_section = ".note.lockprof")]
#[used]
static NOTE: Note = Note {
    owner_len: short(OWNER.len() + 1),
    text_len: short(TEXT.len() + 1),
    kind: KIND,
    owner: filled_up(OWNER.as_bytes()),
    text: filled_up(TEXT),
};

const fn padded(len: usize) -> usize {
    len.next_multiple_of(4)
}

/// A length of a few dozen.
#[allow(clippy::cast_possible_truncation, reason = "it is far below the bound")]
const fn short(len: usize) -> u32 {
    assert!(len < 1024, "the note is short");
    len as u32
}

const fn filled_up<const LEN: usize>(text: &[u8]) -> [u8; LEN] {
    let mut filled = [0; LEN];
    let (begin, _) = filled.split_at_mut(text.len());
    begin.copy_from_slice(text);
    filled
}
