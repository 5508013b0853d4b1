//! Names from symbol tables, for code without debug information.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use object::Endianness;
use object::read::elf::ElfFile64;
use object::read::{Object as _, ObjectSymbol as _, ReadCache, ReadRef, SymbolKind};

/// The symbols that hold these addresses. A file that makes no sense has none.
pub(super) fn names(path: &Path, addresses: &[u64]) -> HashMap<u64, String> {
    if addresses.is_empty() {
        return HashMap::new();
    }
    let Ok(file) = File::open(path) else {
        return HashMap::new();
    };
    let cache = ReadCache::new(file);
    let mut sorted = addresses.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    read(&cache, &sorted).unwrap_or_default()
}

fn read<'data, R: ReadRef<'data>>(data: R, sorted: &[u64]) -> object::Result<HashMap<u64, String>> {
    let elf = ElfFile64::<Endianness, R>::parse(data)?;
    let mut best: HashMap<u64, (u64, &str)> = HashMap::new();
    for symbol in elf.symbols().chain(elf.dynamic_symbols()) {
        let (start, len) = (symbol.address(), symbol.size());
        // Only what lies within a symbol is in that function: the nearest one before an
        // address may be another's.
        if len == 0 || symbol.is_undefined() || symbol.kind() != SymbolKind::Text {
            continue;
        }
        let Ok(name) = symbol.name() else { continue };
        let from = sorted.partition_point(|address| *address < start);
        let to = sorted.partition_point(|address| *address < start.saturating_add(len));
        for address in sorted.get(from..to).unwrap_or_default() {
            let other = best.entry(*address).or_insert((len, name));
            if len < other.0 {
                *other = (len, name);
            }
        }
    }
    let owned = |(address, (_, name)): (u64, (u64, &str))| (address, name.to_owned());
    Ok(best.into_iter().map(owned).collect())
}
