//! The walk itself: one step per frame, each by a rule.
#![allow(unsafe_code, reason = "reads the host's stack")]

use super::super::capture::Caller;
use super::module::Module;
use super::rule::{Base, Rule, SavedBp};
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
    let stack = Stack { start: sp, end };
    let Some(pc) = stack.word(sp) else { return 0 };
    let mut walk = Walk {
        stack,
        pc,
        sp: sp + 8,
        bp: caller.bp as u64,
        is_exact: false,
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
    walk.guessed.map_or(len, |trusted| trusted)
}

/// The part of a stack that may be read.
#[derive(Clone, Copy)]
struct Stack {
    start: u64,
    end: u64,
}

impl Stack {
    /// The word at an address, if it may be read.
    #[inline(always)]
    fn word(self, address: u64) -> Option<u64> {
        if address < self.start || address > self.end.wrapping_sub(8) || address & 7 != 0 {
            return None;
        }
        // SAFETY: aligned, and within the mapped part of this thread's stack.
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
    /// Frames that were certain when the first uncertain one was met.
    guessed: Option<usize>,
}

impl Walk {
    /// On to the caller; none at the end.
    #[inline(always)]
    fn step(&mut self, known: &KnownStack, len: usize) -> Option<()> {
        // The call itself decides, not what follows it: a function may end in a call.
        let address = if self.is_exact { self.pc } else { self.pc - 1 };
        self.is_exact = false;
        let rule = CACHE.get(address).unwrap_or_else(|| find(address));
        if self.guessed.is_some() && !matches!(rule, Rule::Unknown) {
            self.guessed = None;
        }
        match rule {
            Rule::Frame {
                base,
                words,
                saved_bp,
            } => self.leave(base, words, saved_bp),
            rule => self.step_seldom(rule, known, len),
        }
    }

    #[cold]
    #[inline(never)]
    fn step_seldom(&mut self, rule: Rule, known: &KnownStack, len: usize) -> Option<()> {
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

    #[inline(always)]
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
        if sp <= frame || sp >= self.stack.end {
            self.stack = Stack {
                start: sp & !7,
                end: known.end(sp)?,
            };
        }
        self.sp = sp;
        self.is_exact = true;
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
