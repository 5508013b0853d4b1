//! What a filter of system calls answers: the classic BPF that the kernel takes for that.

/// One instruction: `struct sock_filter`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(super) struct Instruction {
    pub(super) code: u16,
    pub(super) if_true: u8,
    pub(super) if_false: u8,
    pub(super) k: u32,
}

/// What a filter is asked about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Data {
    pub(super) number: u32,
    pub(super) arguments: [u64; 6],
}

/// What becomes of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is made, or fails: we live with both.
    Harmless,
    /// Whoever makes it ends, or somebody else is asked of whom nothing is known.
    Forbidden,
}

/// `SECCOMP_RET_ACTION_FULL`.
const ACTION: u32 = 0xffff_0000;

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xc000_00b7;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const ARCHITECTURE: u32 = 0;

impl Data {
    /// A word of `struct seccomp_data`, by its place there. Where the call comes from is 0:
    /// we do not know yet.
    fn word(&self, at: u32) -> Option<u32> {
        if !at.is_multiple_of(4) {
            return None;
        }
        match at {
            0 => Some(self.number),
            4 => Some(ARCHITECTURE),
            8 | 12 => Some(0),
            _ => {
                let half = usize::try_from(at - 16).ok()? / 4;
                let argument = self.arguments.get(half / 2)?;
                let shift = if (half % 2 == 1) == cfg!(target_endian = "little") {
                    32
                } else {
                    0
                };
                u32::try_from(argument >> shift & u64::from(u32::MAX)).ok()
            }
        }
    }
}

/// What a filter says of a call. Nonsense, which the kernel does not take, is harmless.
pub(super) fn verdict(filter: &[Instruction], data: &Data) -> Verdict {
    let answer = Machine::default().run(filter, data);
    match answer.map(|answer| answer & ACTION) {
        None | Some(libc::SECCOMP_RET_ALLOW | libc::SECCOMP_RET_LOG | libc::SECCOMP_RET_ERRNO) => {
            Verdict::Harmless
        }
        Some(_) => Verdict::Forbidden,
    }
}

#[derive(Default)]
struct Machine {
    a: u32,
    x: u32,
    memory: [u32; 16],
}

// Parts of a code, of linux/bpf_common.h.
const CLASS: u16 = 0x07;
const SOURCE_IS_X: u16 = 0x08;
const OPERATION: u16 = 0xf0;
const LOAD: u16 = 0x00;
const LOAD_X: u16 = 0x01;
const STORE: u16 = 0x02;
const STORE_X: u16 = 0x03;
const ALU: u16 = 0x04;
const JUMP: u16 = 0x05;
const RETURN: u16 = 0x06;
const MODE: u16 = 0xe0;
const FROM_DATA: u16 = 0x20;
const FROM_MEMORY: u16 = 0x60;
const LENGTH: u16 = 0x80;
const RETURN_IS_A: u16 = 0x10;
const TO_A: u16 = 0x80;
/// Length of what is asked about: `sizeof(struct seccomp_data)`.
const DATA_LEN: u32 = 64;

impl Machine {
    /// The answer; none when the filter makes no sense. It ends: jumps lead forward only.
    fn run(&mut self, filter: &[Instruction], data: &Data) -> Option<u32> {
        let mut at = 0;
        loop {
            let instruction = filter.get(at)?;
            at += 1;
            let operand = match instruction.code & SOURCE_IS_X {
                0 => instruction.k,
                _ => self.x,
            };
            match instruction.code & CLASS {
                LOAD => self.a = self.loaded(instruction, data)?,
                LOAD_X => self.x = self.loaded(instruction, data)?,
                STORE => *self.place(instruction.k)? = self.a,
                STORE_X => *self.place(instruction.k)? = self.x,
                ALU => self.a = calculated(instruction.code & OPERATION, self.a, operand)?,
                JUMP => at = at.checked_add(self.jump(instruction, operand)?)?,
                RETURN if instruction.code & RETURN_IS_A != 0 => return Some(self.a),
                RETURN => return Some(instruction.k),
                _ if instruction.code & TO_A != 0 => self.a = self.x,
                _ => self.x = self.a,
            }
        }
    }

    fn loaded(&mut self, instruction: &Instruction, data: &Data) -> Option<u32> {
        match instruction.code & MODE {
            FROM_DATA => data.word(instruction.k),
            FROM_MEMORY => self.place(instruction.k).copied(),
            LENGTH => Some(DATA_LEN),
            _ => Some(instruction.k),
        }
    }

    fn place(&mut self, index: u32) -> Option<&mut u32> {
        self.memory.get_mut(usize::try_from(index).ok()?)
    }

    /// How many instructions are left out.
    fn jump(&self, instruction: &Instruction, operand: u32) -> Option<usize> {
        let is_so = match instruction.code & OPERATION {
            0x00 => return usize::try_from(instruction.k).ok(),
            0x10 => self.a == operand,
            0x20 => self.a > operand,
            0x30 => self.a >= operand,
            0x40 => self.a & operand != 0,
            _ => return None,
        };
        let further = if is_so {
            instruction.if_true
        } else {
            instruction.if_false
        };
        Some(further.into())
    }
}

fn calculated(operation: u16, a: u32, operand: u32) -> Option<u32> {
    Some(match operation {
        0x00 => a.wrapping_add(operand),
        0x10 => a.wrapping_sub(operand),
        0x20 => a.wrapping_mul(operand),
        0x30 => a.checked_div(operand).unwrap_or(0),
        0x40 => a | operand,
        0x50 => a & operand,
        0x60 => a.wrapping_shl(operand),
        0x70 => a.wrapping_shr(operand),
        0x80 => a.wrapping_neg(),
        0xa0 => a ^ operand,
        _ => return None,
    })
}
