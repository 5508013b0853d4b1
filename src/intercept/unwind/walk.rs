//! The walk itself: one step per frame, each by a rule.
#![allow(unsafe_code, reason = "reads the host's stack")]

use super::super::capture::Caller;
use super::module::Module;
use super::rule::{Base, Near, Rule, SavedBp};
use super::{CACHE, KnownStack, tables};

/// Registers in the frame the kernel leaves for a signal handler, from the stack
/// pointer at the return to it: `uc_mcontext` of ucontext.h, x86-64.
const SIGNAL_BP: u64 = 120;
const SIGNAL_SP: u64 = 160;
const SIGNAL_PC: u64 = 168;
/// No code lies below.
const LEAST_PC: u64 = 4096;

/// Writes the return addresses from the caller outwards; says how many.
pub(crate) fn walk(caller: Caller, known: &KnownStack, frames: &mut [u64]) -> usize {
    let sp = caller.sp as u64;
    let Some(end) = known.end(sp) else { return 0 };
    let stack = Stack::new(sp, end);
    let Some(pc) = stack.word(sp) else { return 0 };
    let mut walk = Walk {
        stack,
        pc,
        sp: sp + 8,
        bp: caller.bp as u64,
        is_exact: false,
        is_special: false,
        guessed: None,
    };
    let mut len = 0;
    for place in &mut *frames {
        *place = walk.pc;
        len += 1;
        if walk.step(known, len).is_none() {
            break;
        }
    }
    // Frames that only a frame pointer vouched for count when they led back to
    // code with tables.
    walk.guessed.unwrap_or(len)
}

/// The part of a stack that may be read.
#[derive(Clone, Copy)]
struct Stack {
    /// A multiple of 8.
    start: u64,
    /// How many words follow.
    words: u64,
}

impl Stack {
    fn new(start: u64, end: u64) -> Self {
        let start = start & !7;
        Self {
            start,
            words: end.saturating_sub(start) / 8,
        }
    }

    /// Whether an address lies within it.
    fn contains(self, address: u64) -> bool {
        address.wrapping_sub(self.start) / 8 < self.words
    }

    /// The word at an address, if it may be read.
    #[inline(always)]
    fn word(self, address: u64) -> Option<u64> {
        // One comparison for both ends and the alignment: rotated, what is below
        // the start or between two words is larger than any number of words.
        let index = address.wrapping_sub(self.start).rotate_right(3);
        if index >= self.words {
            return None;
        }
        // SAFETY: aligned as the start is, and within the mapped part of this
        // thread's stack.
        Some(unsafe { *(address as *const u64) })
    }
}

/// One frame of a walk, as its caller will see it on return.
struct Walk {
    stack: Stack,
    pc: u64,
    sp: u64,
    bp: u64,
    /// Whether `pc` is the very instruction that was interrupted, not the one
    /// behind a call.
    is_exact: bool,
    /// Whether the next step must not take the short way: `pc` is exact, or there
    /// are guessed frames to confirm.
    is_special: bool,
    /// Frames that were certain when the first uncertain one was met.
    guessed: Option<usize>,
}

impl Walk {
    /// On to the caller; none at the end.
    #[inline(always)]
    fn step(&mut self, known: &KnownStack, len: usize) -> Option<()> {
        // The call itself decides, not what follows it: a function may end in a call.
        if let Some(near) = Near::read(CACHE.bits(self.pc - 1))
            && !self.is_special
        {
            return self.leave_near(near);
        }
        self.step_seldom(known, len)
    }

    #[inline(always)]
    fn leave_near(&mut self, near: Near) -> Option<()> {
        let base = if near.is_from_bp { self.bp } else { self.sp };
        let cfa = base.wrapping_add(near.distance);
        if cfa <= self.sp.wrapping_sub(8) {
            return None;
        }
        let pc = self.stack.word(cfa.wrapping_sub(8))?;
        if let Some(place) = near.saved_bp {
            self.bp = self.stack.word(cfa.wrapping_add_signed(place))?;
        }
        self.sp = cfa;
        self.arrive(pc)
    }

    #[cold]
    #[inline(never)]
    fn step_seldom(&mut self, known: &KnownStack, len: usize) -> Option<()> {
        let address = if self.is_exact { self.pc } else { self.pc - 1 };
        let rule = match CACHE.bits(address) {
            0 => find(address),
            bits => Rule::unpack(bits),
        };
        self.is_exact = false;
        self.is_special = false;
        if !matches!(rule, Rule::Unknown) {
            self.guessed = None;
        }
        match rule {
            Rule::Frame {
                base,
                words,
                saved_bp,
            } => self.leave(base, words, saved_bp),
            Rule::Large(index) => {
                let (base, words, saved_bp) = CACHE.large(index)?.parts();
                self.leave(base, words, saved_bp)
            }
            Rule::Signal => self.leave_handler(known),
            Rule::Unknown => self.leave_by_frame_pointer(len),
            Rule::Outermost => None,
        }
    }

    fn leave(&mut self, base: Base, words: u32, saved_bp: SavedBp) -> Option<()> {
        let distance = u64::from(words) * 8;
        let cfa = match base {
            Base::Sp => self.sp.wrapping_add(distance),
            Base::Bp => self.bp.wrapping_add(distance),
            Base::WordBelowBp => self.stack.word(self.bp.wrapping_sub(distance))?,
        };
        if cfa <= self.sp.wrapping_sub(8) {
            return None;
        }
        let pc = self.stack.word(cfa.wrapping_sub(8))?;
        self.bp = match saved_bp {
            SavedBp::Kept => self.bp,
            SavedBp::At(place) => self
                .stack
                .word(cfa.wrapping_add_signed(i64::from(place) * 8))?,
            SavedBp::AtBp => self.stack.word(self.bp)?,
        };
        self.sp = cfa;
        self.arrive(pc)
    }

    #[inline(always)]
    fn arrive(&mut self, pc: u64) -> Option<()> {
        self.pc = pc;
        (pc >= LEAST_PC).then_some(())
    }

    /// Out of a signal handler, perhaps to another stack.
    fn leave_handler(&mut self, known: &KnownStack) -> Option<()> {
        let frame = self.sp;
        let pc = self.stack.word(frame.wrapping_add(SIGNAL_PC))?;
        let sp = self.stack.word(frame.wrapping_add(SIGNAL_SP))?;
        self.bp = self.stack.word(frame.wrapping_add(SIGNAL_BP))?;
        if sp <= frame || !self.stack.contains(sp) {
            self.stack = Stack::new(sp, known.end(sp)?);
        }
        self.sp = sp;
        self.is_exact = true;
        self.is_special = true;
        self.arrive(pc)
    }

    /// Code without tables, made at run time: its frame pointer may still be one.
    fn leave_by_frame_pointer(&mut self, len: usize) -> Option<()> {
        let bp = self.bp;
        if bp < self.sp.wrapping_sub(8) {
            return None;
        }
        let pc = self.stack.word(bp.wrapping_add(8))?;
        self.bp = self.stack.word(bp)?;
        self.sp = bp + 16;
        self.guessed.get_or_insert(len);
        self.is_special = true;
        self.arrive(pc)
    }
}

/// The rule for an address that is not in the cache, which it enters then.
#[cold]
#[inline(never)]
fn find(address: u64) -> Rule {
    let rule = tables::find(&CACHE, address);
    // Code without tables may get some when its module is complete, and its
    // address may come to belong to one.
    if rule != Rule::Unknown || Module::at(address).is_some() {
        CACHE.put(address, rule);
    }
    rule
}
