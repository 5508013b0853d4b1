//! Rules from the unwind tables every module carries (`.eh_frame`; DWARF 5,
//! section 6.4).
//!
//! Runs on the host's thread at the first touch of a function, so it allocates
//! nothing and needs little stack: of all registers only the three that lead to
//! the caller are followed.
#![allow(
    unsafe_code,
    reason = "reads the tables of loaded modules where they lie"
)]

use gimli::{
    BaseAddresses, CallFrameInstruction, DW_EH_PE_datarel, DW_EH_PE_sdata4, DW_EH_PE_udata4,
    DW_OP_lit0, EhFrame, EhFrameHdr, EhFrameOffset, EndianSlice, FrameDescriptionEntry,
    LittleEndian, Operation, Pointer, Register, UnwindExpression, UnwindSection as _, X86_64,
};

use super::cache::{Cache, LargeFrame};
use super::module::Module;
use super::rule::{Base, Rule, SavedBp};

type Reader = EndianSlice<'static, LittleEndian>;
type Fde = FrameDescriptionEntry<Reader>;

/// States a function may remember at once; compilers use one.
const REMEMBERED_MAX: usize = 4;
const WORD: i64 = 8;
/// How `.eh_frame_hdr` writes the number of its entries and the entries: as every
/// linker does, and as libgcc wants it too. A larger number could overflow gimli's sums.
const ENCODINGS: [u8; 2] = [DW_EH_PE_udata4.0, DW_EH_PE_datarel.0 | DW_EH_PE_sdata4.0];

/// The rule for the code at `address`. Asks the loader where the tables are.
#[cold]
#[inline(never)]
pub(super) fn find(cache: &Cache, address: u64) -> Rule {
    Module::at(address)
        .and_then(|module| read(cache, &module, address))
        .unwrap_or(Rule::Unknown)
}

fn read(cache: &Cache, module: &Module, address: u64) -> Option<Rule> {
    let header = module.eh_frame_hdr()?;
    if header.get(2..4)? != ENCODINGS {
        return None;
    }
    let header = EhFrameHdr::new(header, LittleEndian);
    let bases = BaseAddresses::default().set_eh_frame_hdr(module.eh_frame_hdr_address());
    let header = header.parse(&bases, 8).ok()?;
    let Pointer::Direct(eh_frame) = header.eh_frame_ptr() else {
        return None;
    };
    let frames = EhFrame::new(module.from(eh_frame)?, LittleEndian);
    let bases = bases.set_eh_frame(eh_frame);
    let table = header.table()?;
    let Pointer::Direct(entry) = table.lookup(address, &bases).ok()? else {
        return None;
    };
    let entry = EhFrameOffset(usize::try_from(entry.checked_sub(eh_frame)?).ok()?);
    let fde = frames
        .fde_from_offset(&bases, entry, EhFrame::cie_from_offset)
        .ok()?;
    if !fde.contains(address) {
        return None;
    }
    if fde.is_signal_trampoline() {
        return Some(Rule::Signal);
    }
    let row = Row::at(&frames, &bases, &fde, address)?;
    row.rule(cache, &frames, &fde, address)
}

/// How one register of the caller is kept.
#[derive(Clone, Copy)]
enum Saved {
    Kept,
    Undefined,
    /// In memory, at this distance from the frame's address.
    At(i64),
    Computed(UnwindExpression<usize>),
    /// In some way no rule can say.
    Strange,
}

/// What the frame's address is.
#[derive(Clone, Copy)]
enum Cfa {
    Register(Register, i64),
    Computed(UnwindExpression<usize>),
}

/// The state of the table's little machine at one address.
#[derive(Clone, Copy)]
struct Row {
    cfa: Cfa,
    bp: Saved,
    return_address: Saved,
}

impl Row {
    const EMPTY: Self = Self {
        cfa: Cfa::Register(X86_64::RSP, 0),
        bp: Saved::Kept,
        return_address: Saved::Kept,
    };

    /// Runs the entry's instructions up to an address.
    fn at(
        frames: &EhFrame<Reader>,
        bases: &BaseAddresses,
        fde: &Fde,
        address: u64,
    ) -> Option<Self> {
        let cie = fde.cie();
        let mut row = Self::EMPTY;
        let mut instructions = cie.instructions(frames, bases);
        while let Some(instruction) = instructions.next().ok()? {
            row.apply(&instruction, cie.data_alignment_factor(), &Self::EMPTY)?;
        }
        let initial = row;
        let mut remembered = [initial; REMEMBERED_MAX];
        let mut remembered_len = 0_usize;
        let mut location = fde.initial_address();
        let mut instructions = fde.instructions(frames, bases);
        while let Some(instruction) = instructions.next().ok()? {
            match instruction {
                CallFrameInstruction::AdvanceLoc { delta } => {
                    let delta = u64::from(delta).checked_mul(cie.code_alignment_factor())?;
                    location = location.checked_add(delta)?;
                }
                CallFrameInstruction::SetLoc { address } => location = address,
                CallFrameInstruction::RememberState => {
                    *remembered.get_mut(remembered_len)? = row;
                    remembered_len += 1;
                }
                CallFrameInstruction::RestoreState => {
                    remembered_len = remembered_len.checked_sub(1)?;
                    row = *remembered.get(remembered_len)?;
                }
                other => row.apply(&other, cie.data_alignment_factor(), &initial)?,
            }
            if location > address {
                break;
            }
        }
        Some(row)
    }

    /// One instruction; none when it makes no sense.
    fn apply(
        &mut self,
        instruction: &CallFrameInstruction<usize>,
        factor: i64,
        initial: &Self,
    ) -> Option<()> {
        use CallFrameInstruction as I;
        match *instruction {
            I::DefCfa { register, offset } => {
                self.cfa = Cfa::Register(register, i64::try_from(offset).ok()?)
            }
            I::DefCfaSf {
                register,
                factored_offset,
            } => self.cfa = Cfa::Register(register, factored_offset.checked_mul(factor)?),
            I::DefCfaRegister { register } => {
                let Cfa::Register(_, offset) = self.cfa else {
                    return None;
                };
                self.cfa = Cfa::Register(register, offset);
            }
            I::DefCfaOffset { offset } => {
                let Cfa::Register(register, _) = self.cfa else {
                    return None;
                };
                self.cfa = Cfa::Register(register, i64::try_from(offset).ok()?);
            }
            I::DefCfaOffsetSf { factored_offset } => {
                let Cfa::Register(register, _) = self.cfa else {
                    return None;
                };
                self.cfa = Cfa::Register(register, factored_offset.checked_mul(factor)?);
            }
            I::DefCfaExpression { expression } => self.cfa = Cfa::Computed(expression),
            I::Undefined { register } => self.save(register, Saved::Undefined),
            I::SameValue { register } => self.save(register, Saved::Kept),
            I::Offset {
                register,
                factored_offset,
            } => {
                let offset = i64::try_from(factored_offset).ok()?.checked_mul(factor)?;
                self.save(register, Saved::At(offset));
            }
            I::OffsetExtendedSf {
                register,
                factored_offset,
            } => self.save(register, Saved::At(factored_offset.checked_mul(factor)?)),
            I::Expression {
                register,
                expression,
            } => self.save(register, Saved::Computed(expression)),
            I::Restore {
                register: X86_64::RBP,
            } => self.bp = initial.bp,
            I::Restore {
                register: X86_64::RA,
            } => self.return_address = initial.return_address,
            I::ValOffset { register, .. }
            | I::ValOffsetSf { register, .. }
            | I::ValExpression { register, .. }
            | I::Register {
                dest_register: register,
                ..
            } => self.save(register, Saved::Strange),
            // Other registers, sizes of arguments, padding.
            _ => {}
        }
        Some(())
    }

    fn save(&mut self, register: Register, saved: Saved) {
        match register {
            X86_64::RBP => self.bp = saved,
            X86_64::RA => self.return_address = saved,
            _ => {}
        }
    }

    /// The row as a rule; none when no rule can say it.
    fn rule(
        &self,
        cache: &Cache,
        frames: &EhFrame<Reader>,
        fde: &Fde,
        address: u64,
    ) -> Option<Rule> {
        match self.return_address {
            Saved::Undefined => return Some(Rule::Outermost),
            Saved::At(offset) if offset == -WORD => {}
            _ => return None,
        }
        let saved_bp = match self.bp {
            Saved::Kept | Saved::Undefined => SavedBp::Kept,
            Saved::At(offset) if offset % WORD == 0 => {
                SavedBp::At(i32::try_from(offset / WORD).ok()?)
            }
            Saved::Computed(expression) => match operations(frames, fde, expression)? {
                [Some((X86_64::RBP, 0)), None] => SavedBp::AtBp,
                _ => return None,
            },
            Saved::At(_) | Saved::Strange => return None,
        };
        let (base, offset) = match self.cfa {
            Cfa::Register(X86_64::RSP, offset) => (Base::Sp, offset),
            Cfa::Register(X86_64::RBP, offset) => (Base::Bp, offset),
            Cfa::Register(..) => return None,
            Cfa::Computed(expression) => computed_frame(frames, fde, expression, address)?,
        };
        if offset < 0 || offset % WORD != 0 {
            return None;
        }
        let words = u32::try_from(offset / WORD).ok()?;
        if base == Base::Sp && words == 0 {
            // The return address would lie below the stack.
            return None;
        }
        let rule = Rule::Frame {
            base,
            words,
            saved_bp,
        };
        if rule.pack().is_some() {
            return Some(rule);
        }
        cache
            .put_large(LargeFrame::new(base, words, saved_bp)?)
            .map(Rule::Large)
    }
}

/// The two ways in which a frame's address is computed: where a stack was
/// realigned, and in the PLT.
fn computed_frame(
    frames: &EhFrame<Reader>,
    fde: &Fde,
    expression: UnwindExpression<usize>,
    address: u64,
) -> Option<(Base, i64)> {
    if let Some(offset) = plt_offset(expression.get(frames).ok()?.0.slice(), address) {
        return Some((Base::Sp, offset));
    }
    match operations(frames, fde, expression)? {
        [Some((X86_64::RBP, offset)), Some((DEREFERENCE, _))] => {
            Some((Base::WordBelowBp, offset.checked_neg()?))
        }
        _ => None,
    }
}

/// What linkers write for all of a PLT at once: its entries have 16 bytes and push
/// a word at the same place of each, so `rsp + 8 + ((rip & 15) >= N) * 8`.
fn plt_offset(expression: &[u8], address: u64) -> Option<i64> {
    let [
        0x77,
        8,
        0x80,
        0,
        0x3f,
        0x1a,
        literal,
        0x2a,
        0x33,
        0x24,
        0x22,
    ] = *expression
    else {
        return None;
    };
    let pushed_at = literal.checked_sub(DW_OP_lit0.0)?;
    let is_pushed = address & 15 >= u64::from(pushed_at);
    Some(if is_pushed { 2 * WORD } else { WORD })
}

/// Stands for "the word there" among [`operations`]; no register has this number.
const DEREFERENCE: Register = Register(u16::MAX);

/// An expression of at most two steps, which is all that compilers write: a
/// register and an offset, and perhaps the word there.
fn operations(
    frames: &EhFrame<Reader>,
    fde: &Fde,
    expression: UnwindExpression<usize>,
) -> Option<[Option<(Register, i64)>; 2]> {
    let mut operations = expression
        .get(frames)
        .ok()?
        .operations(fde.cie().encoding());
    let mut steps = [None; 2];
    for step in &mut steps {
        *step = match operations.next().ok()? {
            Some(Operation::RegisterOffset {
                register, offset, ..
            }) => Some((register, offset)),
            Some(Operation::Deref { size: 8, .. }) => Some((DEREFERENCE, 0)),
            Some(_) => return None,
            None => None,
        };
    }
    operations.next().ok()?.is_none().then_some(steps)
}

#[cfg(test)]
mod tests;
