//! What is missing of debug information that lies in files of its own (split DWARF).

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use addr2line::gimli::{DwarfSections, EndianSlice, RunTimeEndian, SectionId};
use object::Endianness;
use object::read::elf::ElfFile64;
use object::read::{Object as _, ObjectSection as _, ReadCache, ReadRef};

/// Why lines of this file may have no functions, if that is because it is split. Who has but
/// lines, as with `-gline-tables-only`, lacks nothing.
pub(super) fn lack(path: &Path) -> Option<String> {
    let cache = ReadCache::new(File::open(path).ok()?);
    let parts = parts(&cache).ok()?;
    let first = parts.first()?;
    let name = path.display();
    Some(match parts.iter().find(|part| !part.exists()) {
        Some(gone) => format!(
            "{name}: lines without functions: its .dwo files or .dwp seem to be missing: \
             neither {} nor {} is there",
            gone.display(),
            package(path).display()
        ),
        None => format!(
            "{name}: lines without functions: its .dwo files cannot be used, as {}; of those made \
             with -fdebug-types-section and DWARF 5 only a .dwp can",
            first.display()
        ),
    })
}

/// The one file that may hold all parts.
fn package(path: &Path) -> PathBuf {
    let mut package = path.as_os_str().to_owned();
    package.push(".dwp");
    package.into()
}

/// The files of its parts, as the compiler named them.
fn parts<'data, R: ReadRef<'data>>(data: R) -> Result<Vec<PathBuf>, Box<dyn std::error::Error>> {
    let elf = ElfFile64::<Endianness, R>::parse(data)?;
    let endian = match elf.is_little_endian() {
        true => RunTimeEndian::Little,
        false => RunTimeEndian::Big,
    };
    let sections = DwarfSections::load(|id| match wanted(id, &elf) {
        Some(section) => section.uncompressed_data(),
        None => Ok(Default::default()),
    })?;
    let dwarf = sections.borrow(|section| EndianSlice::new(section, endian));
    let mut parts = Vec::new();
    let mut headers = dwarf.units();
    while let Some(header) = headers.next()? {
        let unit = dwarf.unit(header)?;
        if unit.dwo_id.is_none() {
            continue;
        }
        let mut part = PathBuf::new();
        if let Some(folder) = &unit.comp_dir {
            part.push(OsStr::from_bytes(folder.slice()));
        }
        if let Some(name) = unit.dwo_name()? {
            let name = dwarf.attr_string(&unit, name)?;
            part.push(OsStr::from_bytes(name.slice()));
        }
        parts.push(part);
    }
    Ok(parts)
}

/// Sections that say what a unit is and how it is called; places of variables do not.
fn wanted<'data, 'file, R: ReadRef<'data>>(
    id: SectionId,
    elf: &'file ElfFile64<'data, Endianness, R>,
) -> Option<object::read::elf::ElfSection64<'data, 'file, Endianness, R>> {
    let is_wanted = matches!(
        id,
        SectionId::DebugInfo
            | SectionId::DebugAbbrev
            | SectionId::DebugAddr
            | SectionId::DebugLine
            | SectionId::DebugLineStr
            | SectionId::DebugStr
            | SectionId::DebugStrOffsets
    );
    is_wanted.then(|| elf.section_by_name(id.name())).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_has_the_name_of_its_file_and_more() {
        assert_eq!(package(Path::new("/bin/app")), Path::new("/bin/app.dwp"));
        let debug = package(Path::new("/bin/app.debug"));
        assert_eq!(debug, Path::new("/bin/app.debug.dwp"));
    }
}
