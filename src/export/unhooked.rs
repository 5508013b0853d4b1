//! Loaded files whose locks we do not see, because their calls are bound past us.
//!
//! A library opened with `RTLD_DEEPBIND` looks for symbols in itself and what it
//! needs first, and so finds the C library before us. It shows in its table of
//! addresses, which is read through `/proc/self/mem`: the library may be closed
//! meanwhile, and a read through a pointer would kill the host.

use std::fs::File;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};

use object::elf;
use object::read::elf::{ElfFile64, FileHeader as _, Rela as _, SectionHeader as _, Sym as _};
use object::read::{ReadCache, ReadRef};

use super::objects::{LoadedFile, Objects};
use super::symbolize;

/// The calls that are looked for: whoever locks a mutex calls one of them.
const CALLS: [&[u8]; 3] = [b"pthread_mutex_lock", b"pthread_mutex_trylock", b"mtx_lock"];

/// What has been found so far.
#[derive(Default)]
pub(crate) struct Unhooked {
    /// Files that were looked at, from the first on.
    seen: usize,
    /// Of those: where in memory such a call finds its address, if the file has one
    /// that may still be bound; each with the index of its file.
    places: Vec<(usize, u64)>,
    /// Those whose calls pass by.
    files: Vec<usize>,
}

impl Unhooked {
    /// Looks at files that were loaded since, and at calls that were not bound before.
    pub(crate) fn refresh(&mut self, objects: &Objects) {
        let own = objects.file_at(Self::refresh as *const () as u64);
        let system = objects.file_at(libc::getpid as *const () as u64);
        for (index, file) in objects.files().iter().enumerate().skip(self.seen) {
            if Some(index) != own && Some(index) != system {
                let places = places_of(file).into_iter().map(|place| (index, place));
                self.places.extend(places);
            }
        }
        self.seen = objects.files().len();
        let Ok(memory) = File::open("/proc/self/mem") else {
            return;
        };
        let mut files = std::mem::take(&mut self.files);
        self.places.retain(|&(index, place)| {
            let target = word_at(&memory, place).and_then(|target| objects.file_at(target));
            if target == system && target.is_some() && !files.contains(&index) {
                files.push(index);
            }
            // Until it is bound it leads into its own file.
            target == Some(index)
        });
        self.files = files;
    }

    /// The paths of all such files.
    pub(crate) fn paths<'a>(&self, objects: &'a Objects) -> impl Iterator<Item = &'a str> {
        let file = |&index: &usize| objects.files().get(index);
        self.files
            .iter()
            .filter_map(file)
            .map(|file| file.path.as_str())
    }
}

fn word_at(memory: &File, address: u64) -> Option<u64> {
    let mut word = [0; 8];
    memory.read_exact_at(&mut word, address).ok()?;
    Some(u64::from_ne_bytes(word))
}

/// Where in memory the addresses of such calls stand; nothing for a file that is
/// gone, was replaced or makes no sense.
fn places_of(loaded: &LoadedFile) -> Vec<u64> {
    let file = File::open(&loaded.path).ok();
    let file = file.filter(|file| {
        let inode = file.metadata().map(|metadata| metadata.ino());
        inode.is_ok_and(|inode| inode == loaded.inode)
    });
    let places = file.map(|file| read(&ReadCache::new(file), loaded).unwrap_or_default());
    places.unwrap_or_default()
}

fn read<'data, R: ReadRef<'data>>(data: R, loaded: &LoadedFile) -> object::Result<Vec<u64>> {
    let elf = ElfFile64::<object::Endianness, R>::parse(data)?;
    let Some(bias) = symbolize::bias(&elf, loaded)? else {
        return Ok(Vec::new());
    };
    let (endian, header) = (elf.endian(), elf.elf_header());
    let sections = header.sections(endian, data)?;
    let symbols = sections.symbols(endian, data, elf::SHT_DYNSYM)?;
    let wanted: Vec<u32> = symbols
        .enumerate()
        .filter(|(_, symbol)| {
            let name = symbols.symbol_name(endian, symbol);
            symbol.is_undefined(endian) && name.is_ok_and(|name| CALLS.contains(&name))
        })
        .filter_map(|(index, _)| u32::try_from(index.0).ok())
        .collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let mut places = Vec::new();
    for section in sections.iter() {
        let Some((relocations, _)) = section.rela(endian, data)? else {
            continue;
        };
        let of_calls = relocations
            .iter()
            .filter(|relocation| wanted.contains(&relocation.r_sym(endian, false)));
        places.extend(of_calls.map(|relocation| relocation.r_offset(endian).wrapping_add(bias)));
    }
    Ok(places)
}
