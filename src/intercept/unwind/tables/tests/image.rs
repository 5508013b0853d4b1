//! A module made by hand: program header, `.eh_frame_hdr` and `.eh_frame` in memory, for code that is nowhere.

use gimli::constants as dw;

use crate::intercept::unwind::module::Module;

const HEADER_AT: usize = 0x200;
const FRAMES_AT: usize = 0x400;
const IMAGE_LEN: usize = 0x1000;
/// Where the first function begins, from the start of the image, and how far it
/// is from one to the next. Their code does not exist and is never read.
const CODE_AT: usize = 0x10_0000;
const CODE_STEP: usize = 0x1_0000;
/// Place of the segment's length in the image: `p_filesz` of the first program header.
const SEGMENT_LEN_AT: usize = 64 + 32;

/// Numbers of registers in the tables.
pub(super) const RBX: u8 = 3;
pub(super) const RBP: u8 = 6;
pub(super) const RSP: u8 = 7;
pub(super) const R10: u8 = 10;
pub(super) const RA: u8 = 16;

/// What the tables say of one function.
pub(super) struct Function {
    pub(super) augmentation: &'static str,
    /// The instructions of its CIE.
    pub(super) initial: Vec<u8>,
    /// Those of its FDE.
    pub(super) body: Vec<u8>,
    pub(super) len: u32,
}

impl Function {
    /// One that begins as all do on x86-64: just called, with nothing pushed.
    pub(super) fn new(body: &[Vec<u8>]) -> Self {
        Self {
            augmentation: "zR",
            initial: [def_cfa(RSP, 8), offset(RA, 1)].concat(),
            body: body.concat(),
            len: 0x8000,
        }
    }
}

/// The image of a module.
pub(super) struct Image {
    pub(super) bytes: Vec<u8>,
}

impl Image {
    pub(super) fn new(functions: &[Function]) -> Self {
        let mut image = Self {
            bytes: vec![0; IMAGE_LEN],
        };
        image.put(0, &elf_header());
        image.put(64, &load_header(IMAGE_LEN));
        let mut table = Vec::new();
        let mut at = FRAMES_AT;
        for (number, function) in functions.iter().enumerate() {
            let code = CODE_AT + number * CODE_STEP;
            let entry = image.put_frame(&mut at, function, code);
            table.extend(distance(HEADER_AT, code));
            table.extend(distance(HEADER_AT, entry));
        }
        image.put(at, &[0; 4]);
        // Version 1; places relative to themselves and to this header, four bytes each.
        let encodings = [
            1,
            (dw::DW_EH_PE_pcrel | dw::DW_EH_PE_sdata4).0,
            dw::DW_EH_PE_udata4.0,
            (dw::DW_EH_PE_datarel | dw::DW_EH_PE_sdata4).0,
        ];
        image.put(HEADER_AT, &encodings);
        image.put(HEADER_AT + 4, &distance(HEADER_AT + 4, FRAMES_AT));
        image.put(HEADER_AT + 8, &word(functions.len()));
        image.put(HEADER_AT + 12, &table);
        image
    }

    /// One whose tables are these bytes, an `.eh_frame_hdr` first.
    pub(super) fn around(tables: &[u8]) -> Self {
        let len = (HEADER_AT + tables.len()).next_multiple_of(8);
        let mut image = Self {
            bytes: vec![0; len],
        };
        image.put(0, &elf_header());
        image.put(64, &load_header(len));
        image.put(HEADER_AT, tables);
        image
    }

    /// Writes a CIE and an FDE; says where the latter begins.
    fn put_frame(&mut self, at: &mut usize, function: &Function, code: usize) -> usize {
        let cie = *at;
        let mut content = word(0);
        content.push(1);
        content.extend(function.augmentation.bytes());
        // Terminator; code factor 1, data factor -8, the return address's number;
        // one byte more: how the FDE's addresses are written.
        content.extend([0, 1, 0x78, RA, 1]);
        content.push((dw::DW_EH_PE_pcrel | dw::DW_EH_PE_sdata4).0);
        content.extend(&function.initial);
        self.put_entry(at, content);
        let fde = *at;
        let mut content = word(fde + 4 - cie);
        content.extend(distance(fde + 8, code));
        content.extend(function.len.to_le_bytes());
        content.push(0);
        content.extend(&function.body);
        self.put_entry(at, content);
        fde
    }

    fn put_entry(&mut self, at: &mut usize, mut content: Vec<u8>) {
        content.resize(content.len().next_multiple_of(4), dw::DW_CFA_nop.0);
        self.put(*at, &word(content.len()));
        self.put(*at + 4, &content);
        *at += 4 + content.len();
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// The same, of which only so many bytes are loaded.
    pub(super) fn cut(mut self, len: usize) -> Self {
        self.put(SEGMENT_LEN_AT, &len.to_le_bytes());
        self
    }

    /// Puts it into memory; answers with the module and the address of its first function.
    pub(super) fn load(&self) -> (Module, u64) {
        let start = self.place();
        (Self::module_at(start), start + CODE_AT as u64)
    }

    /// Puts it into memory for ever; says where.
    pub(super) fn place(&self) -> u64 {
        let words: Vec<u64> = self
            .bytes
            .chunks_exact(8)
            .map(|word| u64::from_ne_bytes(word.try_into().unwrap()))
            .collect();
        words.leak().as_mut_ptr() as u64
    }

    /// The module of an image that was put there.
    pub(super) fn module_at(start: u64) -> Module {
        Module::of_image(start, start + HEADER_AT as u64)
    }
}

/// From one function's address to the next one's.
pub(super) const NEXT_FUNCTION: u64 = CODE_STEP as u64;
/// Where the first function begins in an image, and where its tables lie.
pub(super) const CODE: u64 = CODE_AT as u64;
pub(super) const TABLES: std::ops::Range<usize> = HEADER_AT..IMAGE_LEN;

fn word(value: usize) -> Vec<u8> {
    u32::try_from(value).unwrap().to_le_bytes().to_vec()
}

/// From one place to another, as a signed word.
fn distance(from: usize, to: usize) -> Vec<u8> {
    let distance = to as i64 - from as i64;
    i32::try_from(distance).unwrap().to_le_bytes().to_vec()
}

fn elf_header() -> Vec<u8> {
    let mut header = vec![0; 64];
    header[..4].copy_from_slice(b"\x7fELF");
    // Program headers: where, how long one is, how many there are.
    header[32] = 64;
    header[54] = 56;
    header[56] = 1;
    header
}

fn load_header(len: usize) -> Vec<u8> {
    let mut header = vec![0; 56];
    header[0] = 1;
    header[32..40].copy_from_slice(&len.to_le_bytes());
    header
}

/// An instruction with its operands.
pub(super) fn op(code: dw::DwCfa, operands: &[Vec<u8>]) -> Vec<u8> {
    [vec![code.0], operands.concat()].concat()
}

/// An unsigned number.
pub(super) fn uleb(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 0x7f {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push((value & 0x7f) as u8);
    bytes
}

/// A signed number.
pub(super) fn sleb(mut value: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while !(-64..64).contains(&value) {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push((value & 0x7f) as u8);
    bytes
}

pub(super) fn advance(delta: u8) -> Vec<u8> {
    assert!(delta < 64);
    vec![dw::DW_CFA_advance_loc.0 | delta]
}

pub(super) fn def_cfa(register: u8, offset: u64) -> Vec<u8> {
    op(dw::DW_CFA_def_cfa, &[vec![register], uleb(offset)])
}

pub(super) fn def_cfa_offset(offset: u64) -> Vec<u8> {
    op(dw::DW_CFA_def_cfa_offset, &[uleb(offset)])
}

/// A register saved so many words below the frame's address.
pub(super) fn offset(register: u8, words_below: u64) -> Vec<u8> {
    [vec![dw::DW_CFA_offset.0 | register], uleb(words_below)].concat()
}

/// The frame's address is the word at a distance from a register.
pub(super) fn def_cfa_word_at(register: u8, distance: i64) -> Vec<u8> {
    let mut expression = vec![dw::DW_OP_breg0.0 + register];
    expression.extend(sleb(distance));
    expression.push(dw::DW_OP_deref.0);
    op(
        dw::DW_CFA_def_cfa_expression,
        &[uleb(expression.len() as u64), expression],
    )
}

/// A register saved where an expression says.
pub(super) fn expression(register: u8, expression: &[u8]) -> Vec<u8> {
    op(
        dw::DW_CFA_expression,
        &[
            vec![register],
            uleb(expression.len() as u64),
            expression.to_vec(),
        ],
    )
}
