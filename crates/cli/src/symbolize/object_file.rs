//! What an object file says of itself: its build, its segments, where its debug information is.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use object::Endianness;
use object::elf::{self, FileHeader64};
use object::read::elf::{ElfFile64, FileHeader as _, ProgramHeader as _};
use object::read::{CompressionFormat, Object as _, ObjectSection as _, ReadCache, ReadRef};

use crate::output;

/// Nothing is mapped in smaller pieces.
const PAGE_LEN: u64 = 4096;

/// One place in the code of an object file, whatever address it was loaded at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Place {
    /// Where in the file it is.
    pub(super) offset: u64,
    /// Where in the file the mapping begins that it lies in.
    pub(super) mapping_offset: u64,
}

/// One object file.
#[derive(Debug)]
pub(super) struct ObjectFile {
    /// Where it is.
    pub(super) path: PathBuf,
    /// GNU build id in hexadecimal, or empty.
    pub(super) build_id: String,
    /// Whether lines can be read from it.
    pub(super) has_dwarf: bool,
    /// Whether they are compressed, so that whoever reads them holds them all in memory.
    pub(super) is_compressed: bool,
    /// Name and checksum of the file with its debug information.
    pub(super) link: Option<(OsString, u32)>,
    /// Path and build id of a file with what its debug information has in common with that of others.
    pub(super) common: Option<(PathBuf, String)>,
    segments: Vec<Segment>,
}

/// A part of the file that is loaded.
#[derive(Debug)]
struct Segment {
    offset: u64,
    file_len: u64,
    address: u64,
    is_code: bool,
}

impl ObjectFile {
    /// Looks into a file.
    ///
    /// # Errors
    ///
    /// Why it cannot be used, in a few words.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        // A profile may name anything: to open a pipe would wait for ever.
        let metadata = path.metadata().map_err(|error| output::reason(&error))?;
        if !metadata.is_file() {
            return Err("is no file".to_owned());
        }
        let file = File::open(path).map_err(|error| output::reason(&error))?;
        let cache = ReadCache::new(file);
        let mut found = read(&cache).map_err(|error| format!("no usable ELF file: {error}"))?;
        found.path = path.to_owned();
        Ok(found)
    }

    /// The address that its debug information has for a place.
    pub(super) fn address_of(&self, place: Place) -> Option<u64> {
        let within = |segment: &&Segment| {
            (segment.offset..segment.offset.saturating_add(segment.file_len))
                .contains(&place.offset)
        };
        if let Some(segment) = self.segments.iter().find(within) {
            return Some(place.offset - segment.offset + segment.address);
        }
        // The segments of a file with nothing but debug information have lost their
        // places in the file. A mapping begins where its segment does, on a page.
        let mut code = self.segments.iter().filter(|segment| segment.is_code);
        let only = code.next().filter(|_| code.next().is_none())?;
        let begin = only.address & !(PAGE_LEN - 1);
        let behind = place.offset.checked_sub(place.mapping_offset)?;
        (only.file_len == 0).then(|| begin.saturating_add(behind))
    }
}

fn read<'data, R: ReadRef<'data>>(data: R) -> object::Result<ObjectFile> {
    let elf = ElfFile64::<Endianness, R>::parse(data)?;
    let link = elf.gnu_debuglink()?;
    let common = elf.gnu_debugaltlink()?;
    Ok(ObjectFile {
        path: PathBuf::new(),
        build_id: elf.build_id()?.map(hexadecimal).unwrap_or_default(),
        has_dwarf: elf.has_debug_symbols(),
        is_compressed: is_compressed(&elf),
        link: link.map(|(name, checksum)| (OsString::from_vec(name.to_vec()), checksum)),
        common: common.map(|(path, id)| {
            let path = OsString::from_vec(path.to_vec());
            (path.into(), hexadecimal(id))
        }),
        segments: segments(&elf)?,
    })
}

fn is_compressed<'data, R: ReadRef<'data>>(elf: &ElfFile64<'data, Endianness, R>) -> bool {
    let range = elf
        .section_by_name(".debug_info")
        .and_then(|section| section.compressed_file_range().ok());
    range.is_some_and(|range| range.format != CompressionFormat::None)
}

fn segments<'data, R: ReadRef<'data>>(
    elf: &ElfFile64<'data, Endianness, R>,
) -> object::Result<Vec<Segment>> {
    let endian = elf.endian();
    let header: &FileHeader64<Endianness> = elf.elf_header();
    let headers = header.program_headers(endian, elf.data())?;
    Ok(headers
        .iter()
        .filter(|header| header.p_type(endian) == elf::PT_LOAD)
        .map(|header| Segment {
            offset: header.p_offset(endian),
            file_len: header.p_filesz(endian),
            address: header.p_vaddr(endian),
            is_code: header.p_flags(endian).0 & elf::PF_X.0 != 0,
        })
        .collect())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
