//! The walk itself: one step per frame, each by a rule.
#![allow(unsafe_code, reason = "reads the host's stack")]

use super::super::capture::Caller;
use super::bounds::end_of_what_is_left;
use super::module::Module;
use super::rule::{Base, Near, Rule, SavedBp};
use super::{CACHE, KnownStack, tables};
use crate::record::Filling;

/// Registers in the frame the kernel leaves for a signal handler, from the stack
/// pointer at the return to it: `uc_mcontext` of ucontext.h, x86-64.
const SIGNAL_BP: u64 = 120;
const SIGNAL_SP: u64 = 160;
const SIGNAL_PC: u64 = 168;
/// No code lies below.
const LEAST_PC: u64 = 4096;

/// Writes the return addresses from the caller outwards; says whether all rules
/// were known.
#[inline]
pub(crate) fn walk(caller: Caller, known: &KnownStack, frames: &mut Filling) -> bool {
    let start = caller.sp as u64;
    let Some(end) = known.end(start) else {
        return true;
    };
    let stack = Stack { start, end };
    let Some(pc) = stack.word(start) else {
        return true;
    };
    let mut walk = Walk {
        stack,
        at: Frame {
            pc,
            sp: start + 8,
            bp: caller.bp as u64,
        },
        guessed: None,
        is_all_there: false,
        has_searched: false,
    };
    while walk.near_steps(frames) && walk.other_steps(known, frames) {}
    if let Some(certain) = walk.guessed {
        // Frames that only a frame pointer vouched for count when they led back to
        // code with tables.
        frames.truncate(certain);
    }
    !walk.has_searched
}

/// Where the host's call returns to.
pub(crate) fn return_address(caller: Caller, known: &KnownStack) -> Option<u64> {
    let start = caller.sp as u64;
    let end = known.end(start)?;
    Stack { start, end }.word(start)
}

/// The part of a stack that may be read.
#[derive(Clone, Copy)]
struct Stack {
    start: u64,
    end: u64,
}

impl Stack {
    /// Whether an address lies within it.
    fn contains(self, address: u64) -> bool {
        (self.start..self.end).contains(&address)
    }

    /// The word at an address, if it may be read.
    fn word(self, address: u64) -> Option<u64> {
        let ends_inside = address <= self.end.checked_sub(8)?;
        if address < self.start || !ends_inside || !address.is_multiple_of(8) {
            return None;
        }
        // SAFETY: aligned, and all of it within the mapped part of this thread's stack.
        Some(unsafe { *(address as *const u64) })
    }
}

/// A frame, as it was when it called.
#[derive(Clone, Copy)]
struct Frame {
    pc: u64,
    /// A multiple of 8, and within the stack or at its end.
    sp: u64,
    bp: u64,
}

impl Frame {
    /// Its caller, by a near rule; none when that leads out of the stack.
    #[inline(always)]
    fn leave(self, near: Near, end: u64) -> Option<Self> {
        let base = if near.is_from_bp() { self.bp } else { self.sp };
        let cfa = base.wrapping_add(near.distance());
        // Signed, so that an address in the upper half, from which the sum might
        // come around, is below the stack.
        if base.cast_signed() < self.sp.cast_signed() || cfa > end || !cfa.is_multiple_of(8) {
            return None;
        }
        let bp = match near.saved_bp() {
            0 => self.bp,
            // SAFETY: a near rule saves it at a word between `base` and `cfa`, and
            // they lie in this order between `sp` and the end of the stack.
            below => unsafe { *((cfa - below) as *const u64) },
        };
        // SAFETY: aligned, and a near rule's distance is a word or more, so not
        // below `base`.
        let pc = unsafe { *((cfa - 8) as *const u64) };
        Some(Self { pc, sp: cfa, bp })
    }
}

/// A walk under way.
struct Walk {
    stack: Stack,
    /// The frame it has come to, which has no place yet.
    at: Frame,
    /// Frames that were certain when the first uncertain one was met.
    guessed: Option<usize>,
    /// Whether the stack is known to be there up to its end, not only to have been.
    is_all_there: bool,
    /// Whether a rule had to be looked for in the tables.
    has_searched: bool,
}

impl Walk {
    /// On as far as near rules lead; says whether another rule is needed for the
    /// frame that was taken in last. Everything stays in registers here.
    #[inline(always)]
    fn near_steps(&mut self, frames: &mut Filling) -> bool {
        let mut at = self.at;
        let needs_other = loop {
            if frames.push(at.pc).is_none() {
                break false;
            }
            // The call itself decides, not what follows it: a function may end in a call.
            let near = CACHE.near(at.pc.wrapping_sub(1));
            match near.and_then(|near| at.leave(near, self.stack.end)) {
                Some(caller) => at = caller,
                None => break true,
            }
        };
        self.at = at;
        needs_other
    }

    /// On by any rule, until near ones will do again; says whether to go on.
    #[cold]
    #[inline(never)]
    fn other_steps(&mut self, known: &KnownStack, frames: &mut Filling) -> bool {
        if self.at.pc < LEAST_PC {
            frames.truncate(frames.len() - 1);
            return false;
        }
        loop {
            if self.step(known, frames.len()).is_none() {
                return false;
            }
            if self.guessed.is_none() {
                return true;
            }
            if frames.push(self.at.pc).is_none() {
                return false;
            }
        }
    }

    /// One step, by any rule; none at the end.
    fn step(&mut self, known: &KnownStack, len: usize) -> Option<()> {
        let address = self.at.pc - 1;
        let rule = match CACHE.bits(address) {
            0 => {
                self.has_searched = true;
                find(address)
            }
            bits => Rule::unpack(bits),
        };
        if rule != Rule::Unknown {
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
        let Frame { sp, bp, .. } = self.at;
        let distance = u64::from(words) * 8;
        let cfa = match base {
            Base::Sp => sp.wrapping_add(distance),
            Base::Bp => bp.wrapping_add(distance),
            Base::WordBelowBp => self.stack.word(bp.wrapping_sub(distance))?,
        };
        if cfa <= sp {
            return None;
        }
        let bp = match saved_bp {
            SavedBp::Kept => bp,
            SavedBp::At(place) => {
                let place = i64::from(place) * 8;
                self.stack.word(cfa.wrapping_add_signed(place))?
            }
            SavedBp::AtBp => self.stack.word(bp)?,
        };
        let pc = self.stack.word(cfa.wrapping_sub(8))?;
        self.arrive(Frame { pc, sp: cfa, bp })
    }

    fn arrive(&mut self, at: Frame) -> Option<()> {
        self.at = at;
        (at.pc >= LEAST_PC).then_some(())
    }

    /// Out of a signal handler, perhaps to another stack.
    fn leave_handler(&mut self, known: &KnownStack) -> Option<()> {
        let frame = self.at.sp;
        let word = |offset| self.stack.word(frame.wrapping_add(offset));
        let (pc, sp, bp) = (word(SIGNAL_PC)?, word(SIGNAL_SP)?, word(SIGNAL_BP)?);
        if sp <= frame || !self.stack.contains(sp) {
            self.stack = Stack {
                start: sp,
                end: known.end(sp)?,
            };
            self.is_all_there = false;
        }
        sp.is_multiple_of(8).then_some(())?;
        // As if the interrupted instruction were a call of one byte: who reads a
        // stack takes every address in it for one behind a call.
        let pc = pc.wrapping_add(1);
        self.arrive(Frame { pc, sp, bp })
    }

    /// Code without tables, made at run time: its frame pointer may still be one.
    fn leave_by_frame_pointer(&mut self, len: usize) -> Option<()> {
        let Frame { sp, bp, .. } = self.at;
        if bp < sp {
            return None;
        }
        if !self.is_all_there {
            self.stack.end = end_of_what_is_left(sp, self.stack.end);
            self.is_all_there = true;
        }
        let at = Frame {
            pc: self.stack.word(bp.wrapping_add(8))?,
            sp: bp + 16,
            bp: self.stack.word(bp)?,
        };
        self.guessed.get_or_insert(len);
        self.arrive(at)
    }
}

/// The rule for an address that is not in the cache, which it enters then.
fn find(address: u64) -> Rule {
    let rule = tables::find(&CACHE, address);
    // Code without tables may get some when its module is complete, and its
    // address may come to belong to one.
    if rule != Rule::Unknown || Module::at(address).is_some() {
        CACHE.put(address, rule);
    }
    rule
}

#[cfg(test)]
mod tests;
