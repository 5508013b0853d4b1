//! Addresses → names, from the symbol tables of the files they lie in.
//!
//! Only symbol tables: line numbers cost tens of megabytes and belong to the
//! command line. Files are read, not mapped: a file cut short while it is mapped
//! would kill the host.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::MetadataExt as _;

use object::elf;
use object::read::elf::{ElfFile64, FileHeader as _, ProgramHeader as _, Sym as _, SymbolTable};
use object::read::{Object as _, ReadCache, ReadRef};
use rustc_hash::FxHashMap;

use super::objects::LoadedFile;

/// What is asked of one file.
#[derive(Default)]
pub(crate) struct Questions {
    /// Code addresses.
    pub(crate) code: Vec<u64>,
    /// Data addresses.
    pub(crate) data: Vec<u64>,
}

/// A symbol that holds an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// The symbol as the linker knows it.
    pub(crate) symbol: String,
    /// How far behind its beginning the address lies.
    pub(crate) offset: u64,
}

/// What one file answered.
#[derive(Default)]
pub(crate) struct Answers {
    /// Names of code addresses.
    pub(crate) code: FxHashMap<u64, Named>,
    /// Names of data addresses.
    pub(crate) data: FxHashMap<u64, Named>,
    /// GNU build id in hexadecimal, or empty.
    pub(crate) build_id: String,
}

/// Asks a file. A file that is gone, was replaced or makes no sense answers nothing.
pub(crate) fn ask(loaded: &LoadedFile, questions: &Questions) -> Answers {
    let mut answers = Answers::default();
    let Ok(file) = File::open(&loaded.path) else {
        return answers;
    };
    if file
        .metadata()
        .is_ok_and(|metadata| metadata.ino() != loaded.inode)
    {
        return answers;
    }
    let cache = ReadCache::new(file);
    // A file that is no 64-bit ELF has nothing to say, which is what it then says.
    let _ = read(&cache, loaded, questions, &mut answers);
    answers
}

fn read<'data, R: ReadRef<'data>>(
    data: R,
    loaded: &LoadedFile,
    questions: &Questions,
    answers: &mut Answers,
) -> object::Result<()> {
    let elf = ElfFile64::<object::Endianness, R>::parse(data)?;
    if let Some(id) = elf.build_id()? {
        answers.build_id = id.iter().map(|byte| format!("{byte:02x}")).collect();
    }
    let Some(bias) = bias(&elf, loaded)? else {
        return Ok(());
    };
    let (endian, header) = (elf.endian(), elf.elf_header());
    let sections = header.sections(endian, data)?;
    let mut table = sections.symbols(endian, data, elf::SHT_SYMTAB)?;
    if table.is_empty() {
        table = sections.symbols(endian, data, elf::SHT_DYNSYM)?;
    }
    let is_code = |kind: elf::SymbolType| matches!(kind, elf::STT_FUNC | elf::STT_GNU_IFUNC);
    answers.code = name_all(&table, endian, bias, &questions.code, is_code);
    answers.data = name_all(
        &table,
        endian,
        bias,
        &questions.data,
        |kind: elf::SymbolType| kind == elf::STT_OBJECT,
    );
    Ok(())
}

/// How much higher a file lies than its addresses say; none when it has no place.
pub(super) fn bias<'data, R: ReadRef<'data>>(
    elf: &ElfFile64<'data, object::Endianness, R>,
    loaded: &LoadedFile,
) -> object::Result<Option<u64>> {
    let (endian, header) = (elf.endian(), elf.elf_header());
    let first = header
        .program_headers(endian, elf.data())?
        .iter()
        .find(|segment| segment.p_type(endian) == elf::PT_LOAD);
    Ok(first.map(|first| {
        let linked_at = first.p_vaddr(endian).wrapping_sub(first.p_offset(endian));
        loaded.start.wrapping_sub(linked_at)
    }))
}

type Elf64 = elf::FileHeader64<object::Endianness>;

/// Goes through the table once, with the questions in order: memory grows with
/// what is asked, not with the size of the file.
fn name_all<'data, R: ReadRef<'data>>(
    table: &SymbolTable<'data, Elf64, R>,
    endian: object::Endianness,
    bias: u64,
    addresses: &[u64],
    wanted: impl Fn(elf::SymbolType) -> bool,
) -> FxHashMap<u64, Named> {
    let mut asked: Vec<u64> = addresses
        .iter()
        .map(|address| address.wrapping_sub(bias))
        .collect();
    asked.sort_unstable();
    asked.dedup();
    let mut best: FxHashMap<u64, &elf::Sym64<object::Endianness>> = FxHashMap::default();
    for symbol in table.iter() {
        let (start, size) = (symbol.st_value(endian), symbol.st_size(endian));
        if size == 0 || symbol.is_undefined(endian) || !wanted(symbol.st_type()) {
            continue;
        }
        for &address in within(&asked, start..start.saturating_add(size)) {
            let other = best.entry(address).or_insert(symbol);
            if rank(symbol, endian) < rank(other, endian) {
                *other = symbol;
            }
        }
    }
    best.into_iter()
        .filter_map(|(address, symbol)| {
            let name = table.symbol_name(endian, symbol).ok()?;
            let named = Named {
                symbol: String::from_utf8_lossy(name).into_owned(),
                offset: address - symbol.st_value(endian),
            };
            Some((address.wrapping_add(bias), named))
        })
        .collect()
}

/// Which of two symbols for one address tells more: the tighter one; of equals
/// the one others link to.
fn rank(symbol: &elf::Sym64<object::Endianness>, endian: object::Endianness) -> (u64, u8) {
    let binding = match symbol.st_bind() {
        elf::STB_GLOBAL => 0,
        elf::STB_WEAK => 1,
        _ => 2,
    };
    (symbol.st_size(endian), binding)
}

fn within(sorted: &[u64], range: Range<u64>) -> &[u64] {
    let from = sorted.partition_point(|&address| address < range.start);
    let to = sorted.partition_point(|&address| address < range.end);
    sorted.get(from..to).unwrap_or(&[])
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn questions_within_a_symbol_are_found() {
        assert_eq!(within(&[1, 5, 5, 9], 5..9), [5, 5]);
        assert_eq!(within(&[1, 5, 9], 6..9), [0_u64; 0]);
    }

    #[test]
    fn any_file_is_read_without_harm() {
        let whole = std::fs::read("/bin/true").unwrap();
        let loaded = LoadedFile {
            path: "/bin/true".to_owned(),
            inode: 0,
            extent: 0x10_0000..0x20_0000,
            start: 0x10_0000,
        };
        let questions = Questions {
            code: (0x10_0000..0x11_0000).step_by(64).collect(),
            data: (0x10_0000..0x11_0000).step_by(64).collect(),
        };
        let mut random = 88_172_645_463_325_252_u64;
        let mut next = |end: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            usize::try_from(random >> 11).unwrap() % end
        };
        let (mut bytes, mut told) = (whole.clone(), 0);
        // Where the header, the segments, the notes and symbols, and the sections lie.
        let sections = whole.len() - 64 * 32;
        let places = [0..64, 64..1024, 768..4096, sections..whole.len()];
        for _ in 0..1_000 {
            let mut damaged = Vec::new();
            for _ in 0..=next(3) {
                let place = &places[next(places.len())];
                let at = place.start + next(place.len());
                bytes[at] = next(256).to_le_bytes()[0];
                damaged.push(at);
            }
            let mut answers = Answers::default();
            let _ = read(bytes.as_slice(), &loaded, &questions, &mut answers);
            told += usize::from(!answers.build_id.is_empty());
            for at in damaged {
                bytes[at] = whole[at];
            }
        }
        assert!(told > 100, "{told}");
    }
}
