//! Walks over stacks of nonsense: no word is read that does not belong to a stack, and every walk ends.
#![allow(unsafe_code, reason = "maps stacks between guard pages")]

use super::super::chance_tests::{Chance, rounds};
use super::super::{CACHE, KnownStack, prepare};
use super::{Base, Caller, Rule, SIGNAL_BP, SIGNAL_PC, SIGNAL_SP, SavedBp, walk};
use crate::record::Frames;

const PAGE: usize = 4096;
const WORDS: usize = 512;
const FRAMES_MAX: usize = 64;

/// A stack of one page between two that nobody may read.
struct Scratch {
    start: u64,
}

impl Scratch {
    fn new() -> Self {
        let len = WORDS * 8 + 2 * PAGE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping, wherever the kernel likes.
        let guard = unsafe { libc::mmap(std::ptr::null_mut(), len, libc::PROT_NONE, flags, -1, 0) };
        assert_ne!(guard, libc::MAP_FAILED);
        let start = (guard as usize + PAGE) as u64;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: the inner page of that mapping.
        let code = unsafe { libc::mprotect(start as *mut _, WORDS * 8, access) };
        assert_eq!(code, 0);
        Self { start }
    }

    fn end(&self) -> u64 {
        self.at(WORDS)
    }

    fn at(&self, word: usize) -> u64 {
        self.start + word as u64 * 8
    }

    fn put(&self, word: usize, value: u64) {
        assert!(word < WORDS);
        // SAFETY: a word of ours; no walk runs meanwhile.
        unsafe { *(self.at(word) as *mut u64) = value };
    }

    fn get(&self, word: usize) -> u64 {
        assert!(word < WORDS);
        // SAFETY: a word of ours.
        unsafe { *(self.at(word) as *const u64) }
    }

    /// The frames of a walk that begins at a word.
    fn walk(&self, word: usize, bp: u64) -> Vec<u64> {
        let known = KnownStack::of(self.start..self.end());
        let caller = Caller {
            sp: usize::try_from(self.at(word)).unwrap(),
            bp: usize::try_from(bp).unwrap(),
        };
        let mut frames = Frames::new();
        walk(caller, &known, &mut frames.fill(FRAMES_MAX));
        frames.as_slice().to_vec()
    }
}

/// Return addresses that belong to no code: a few for each word of the stack, each
/// with a rule of its own. So a frame says which word it was read from.
const MADE_UP: u64 = 0x1234_0000_0000;
const RULES_A_WORD: usize = 8;

fn made_up(word: usize, number: usize) -> u64 {
    MADE_UP + (word * RULES_A_WORD + number) as u64 * 64
}

fn word_of(frame: u64) -> Option<usize> {
    let number = usize::try_from(frame.checked_sub(MADE_UP)? / 64).ok()?;
    (number < WORDS * RULES_A_WORD).then_some(number / RULES_A_WORD)
}

fn make_rules_up(chance: &Chance) {
    for word in 0..WORDS {
        for number in 0..RULES_A_WORD {
            CACHE.put(made_up(word, number) - 1, any_rule(chance));
        }
    }
}

/// Any rule but the one for signals, which lead to other stacks.
fn any_rule(chance: &Chance) -> Rule {
    let words = u32::try_from(chance.below(20)).unwrap();
    let place = i32::try_from(chance.below(40)).unwrap() - 30;
    let frame = |words| Rule::Frame {
        base: chance.one_of(&[Base::Sp, Base::Sp, Base::Bp, Base::Bp, Base::WordBelowBp]),
        words,
        saved_bp: chance.one_of(&[
            SavedBp::Kept,
            SavedBp::At(-2),
            SavedBp::At(place),
            SavedBp::AtBp,
        ]),
    };
    match chance.below(16) {
        0 => Rule::Unknown,
        1 => Rule::Outermost,
        2 => Rule::Large(u32::try_from(chance.below(300)).unwrap()),
        3 => frame(words * 97 + 1),
        4 => frame(16_000),
        5 => Rule::Frame {
            base: Base::Bp,
            words: 0,
            saved_bp: SavedBp::Kept,
        },
        _ => frame(words + 1),
    }
}

fn any_made_up(chance: &Chance, word: usize) -> u64 {
    made_up(word, chance.below(RULES_A_WORD))
}

#[test]
fn every_frame_lies_above_the_one_before() {
    let scratch = Scratch::new();
    make_rules_up(&Chance::from(1));
    let (mut walks, mut frames) = (0, 0);
    let is_enough = rounds(10_000, |chance| {
        for word in 0..WORDS {
            let value = match chance.below(4) {
                0 => scratch.at(chance.below(WORDS)),
                1 => scratch.start + chance.below(WORDS * 8) as u64,
                _ => any_made_up(chance, word),
            };
            scratch.put(word, value);
        }
        let first = chance.below(WORDS - 10);
        scratch.put(first, any_made_up(chance, first));
        let found = scratch.walk(first, scratch.at(first + chance.below(10)));
        assert_eq!(found.first(), Some(&scratch.get(first)));
        let words: Vec<usize> = found.iter().filter_map(|&frame| word_of(frame)).collect();
        assert!(words.is_sorted_by(|a, b| a < b), "{words:?}");
        walks += 1;
        frames += words.len();
    });
    assert!(
        frames > walks || !is_enough,
        "{frames} frames in {walks} walks"
    );
}

/// What this process really has.
struct Places {
    code: Vec<u64>,
    signal_return: u64,
    here: u64,
    main_end: u64,
}

impl Places {
    fn new() -> Self {
        let local = 0_u64;
        // SAFETY: the name is terminated.
        let main = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"__libc_stack_end".as_ptr()) };
        assert!(!main.is_null());
        Self {
            code: vec![
                libc::qsort as *const () as u64,
                libc::getaddrinfo as *const () as u64,
                walk as *const () as u64,
                any_rule as *const () as u64,
            ],
            signal_return: signal_return(),
            here: &raw const local as u64,
            // SAFETY: a word of the loader's.
            main_end: unsafe { *main.cast::<u64>() },
        }
    }

    /// A word that a damaged stack may hold: a place in it or in its guard pages,
    /// in another stack or below it, real code, or nothing that makes sense.
    fn any_word(&self, chance: &Chance, scratch: &Scratch) -> u64 {
        match chance.below(10) {
            0 => chance.number(),
            1 => chance.number() % 5000,
            2 => scratch.start - PAGE as u64 + chance.below(3 * PAGE) as u64,
            3 | 4 => scratch.at(chance.below(WORDS + 2)),
            5 => any_made_up(chance, chance.below(WORDS)),
            6 => self.signal_return,
            7 => self.here + 0x800 - chance.number() % 0x2000,
            8 => self.main_end + 0x100 - chance.number() % chance.one_of(&[0x400, 64 << 20]),
            _ => self.any_code(chance),
        }
    }

    fn any_code(&self, chance: &Chance) -> u64 {
        chance.one_of(&self.code) + chance.number() % 300
    }
}

/// Where the kernel lets signal handlers return to.
fn signal_return() -> u64 {
    // SAFETY: all zeros is a place for the answer.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: only asks.
    unsafe { libc::sigaction(libc::SIGSEGV, std::ptr::null(), &raw mut action) };
    action.sa_restorer.unwrap() as *const () as u64
}

#[test]
fn nothing_on_a_stack_leads_to_a_read_outside_of_stacks() {
    assert!(prepare());
    let (scratch, places) = (Scratch::new(), Places::new());
    make_rules_up(&Chance::from(1));
    rounds(20_000, |chance| {
        for word in 0..WORDS {
            scratch.put(word, places.any_word(chance, &scratch));
        }
        // A call, made anywhere.
        let first = chance.below(WORDS);
        scratch.put(first, places.any_code(chance));
        // And what looks like a signal's frame, perhaps right there.
        let signal = chance.one_of(&[first, chance.below(WORDS)]);
        if let Some(rest) = WORDS.checked_sub(signal + 1 + 22) {
            scratch.put(signal, places.signal_return);
            for register in [SIGNAL_BP, SIGNAL_SP, SIGNAL_PC] {
                let word = signal + 1 + usize::try_from(register / 8).unwrap();
                scratch.put(word, places.any_word(chance, &scratch));
            }
            let pc = signal + 1 + usize::try_from(SIGNAL_PC / 8).unwrap();
            if rest % 2 == 0 {
                scratch.put(pc, places.any_code(chance));
            }
        }
        let found = scratch.walk(first, places.any_word(chance, &scratch));
        // No code lies in the first page.
        let caller = Some(scratch.get(first)).filter(|&pc| pc >= PAGE as u64);
        assert_eq!(found.first(), caller.as_ref());
    });
}
