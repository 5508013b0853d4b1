//! Damaged unwind tables, made by hand and real ones: no panic, no endless loop.
#![allow(unsafe_code, reason = "damages a copy of tables in memory")]

use std::time::{Duration, Instant};

use super::super::{Cache, read};
use super::image::{
    CODE, Function, Image, NEXT_FUNCTION, RBP, RSP, TABLES, advance, def_cfa, def_cfa_offset,
    def_cfa_word_at, expression, offset,
};
use crate::intercept::unwind::chance_tests::{Chance, rounds};
use crate::intercept::unwind::module::{self, Module};

/// Real lookups take microseconds; one that reads all of a segment, milliseconds.
const LOOKUP_MAX: Duration = Duration::from_secs(5);

/// Tables in memory that can be damaged and repaired.
struct Victim {
    whole: Image,
    start: u64,
    cache: Cache,
    changed: Vec<usize>,
    found: u64,
    lost: u64,
}

impl Victim {
    fn new(whole: Image) -> Self {
        Self {
            start: whole.place(),
            whole,
            cache: Cache::new(),
            changed: Vec::new(),
            found: 0,
            lost: 0,
        }
    }

    fn write(&self, at: usize, byte: u8) {
        assert!(TABLES.start <= at && at < self.whole.bytes.len());
        // SAFETY: inside the image, which is ours; nobody has a reference into it
        // between two lookups.
        unsafe { *((self.start + at as u64) as *mut u8) = byte };
    }

    /// Changes one byte: by a bit, to a telling value, or to any.
    fn damage(&mut self, chance: &Chance, at: usize) {
        let before = self.whole.bytes[at];
        let byte = match chance.below(3) {
            0 => before ^ 1 << chance.below(8),
            1 => chance.one_of(&[0, 1, 0x7f, 0x80, 0xff, before.wrapping_add(1)]),
            _ => chance.byte(),
        };
        self.write(at, byte);
        self.changed.push(at);
    }

    fn repair(&mut self) {
        for at in std::mem::take(&mut self.changed) {
            self.write(at, self.whole.bytes[at]);
        }
    }

    /// Looks an address up, within the time.
    fn look_up(&mut self, address: u64) {
        let module = Image::module_at(self.start);
        let begin = Instant::now();
        let rule = read(&self.cache, &module, address);
        let elapsed = begin.elapsed();
        assert!(elapsed < LOOKUP_MAX, "{elapsed:?} at {address:#x}");
        *if rule.is_some() {
            &mut self.found
        } else {
            &mut self.lost
        } += 1;
    }

    /// Fails when chance never or always hit what matters.
    fn expect_both(&self) {
        let (found, lost) = (self.found, self.lost);
        assert!(found > 0 && lost > 0, "{found} found, {lost} lost");
    }

    /// A word of the whole tables.
    fn word(&self, at: usize) -> i32 {
        i32::from_le_bytes(self.whole.bytes[at..at + 4].try_into().unwrap())
    }
}

fn some_functions() -> Vec<Function> {
    let body = [
        advance(1),
        def_cfa_offset(16),
        offset(RBP, 2),
        advance(3),
        def_cfa(RBP, 16),
        vec![gimli::DW_CFA_remember_state.0],
        advance(40),
        def_cfa(RSP, 8),
        vec![gimli::DW_CFA_restore_state.0],
    ];
    let realigned = [
        expression(RBP, &[gimli::DW_OP_breg0.0 + RBP, 0]),
        def_cfa_word_at(RBP, -40),
    ];
    vec![
        Function::new(&body),
        Function::new(&realigned),
        Function::new(&body),
    ]
}

#[test]
fn damaged_tables_break_nothing() {
    let mut victim = Victim::new(Image::new(&some_functions()));
    let is_enough = rounds(50_000, |chance| {
        for _ in 0..=chance.below(6) {
            // Most of what the tables hold lies at their beginning.
            let len = chance.one_of(&[16, 0x300, TABLES.len()]);
            victim.damage(chance, TABLES.start + chance.below(len));
        }
        let code = victim.start + CODE + chance.below(64) as u64;
        for function in 0..3 {
            victim.look_up(code + function * NEXT_FUNCTION);
        }
        victim.repair();
    });
    if is_enough {
        victim.expect_both();
    }
}

#[test]
fn random_bytes_for_tables_break_nothing() {
    let mut victim = Victim::new(Image::new(&some_functions()));
    let is_enough = rounds(2_000, |chance| {
        // The header stays in half of the rounds, so that what it leads to is read.
        let from = TABLES.start + chance.one_of(&[0, 12]);
        let from = chance.one_of(&[from, 0x400]);
        for at in from..(from + 0x200).min(TABLES.end) {
            victim.write(at, chance.byte());
            victim.changed.push(at);
        }
        for function in 0..3 {
            victim.look_up(victim.start + CODE + function * NEXT_FUNCTION);
        }
        victim.repair();
    });
    assert!(
        victim.lost > 0 || !is_enough,
        "random bytes made sense every time"
    );
}

/// Damages what belongs to chance functions of a real module.
fn damage_real_tables(address: u64) {
    assert!(module::prepare());
    let module = Module::at(address).unwrap();
    let mut victim = Victim::new(Image::around(module.eh_frame_hdr().unwrap()));
    let header = TABLES.start;
    let at = |distance: i32| header.strict_add_signed(distance as isize);
    let functions = usize::try_from(victim.word(header + 8)).unwrap();
    assert!(functions > 100, "{functions} functions");
    let frames = at(victim.word(header + 4) + 4);
    let is_enough = rounds(20_000, |chance| {
        let entry = header + 12 + 8 * chance.below(functions);
        // The code's address is only a number here, from the copy's begin on.
        let code = (victim.start + header as u64).wrapping_add_signed(victim.word(entry).into());
        let description = at(victim.word(entry + 4));
        let len = usize::try_from(victim.word(description)).unwrap();
        for _ in 0..chance.below(4) {
            let place = match chance.below(8) {
                0 => header + chance.below(12),
                1 => entry + chance.below(8),
                2 => frames + chance.below(32),
                3 => chance.below(victim.whole.bytes.len() - header) + header,
                _ => description + chance.below(len + 4),
            };
            victim.damage(chance, place);
        }
        victim.look_up(code + chance.below(64) as u64);
        victim.repair();
    });
    if is_enough {
        victim.expect_both();
    }
}

#[test]
fn damaged_tables_of_the_c_library_break_nothing() {
    damage_real_tables(libc::qsort as *const () as u64);
}

#[test]
fn damaged_tables_of_this_program_break_nothing() {
    damage_real_tables(damaged_tables_of_this_program_break_nothing as *const () as u64);
}
