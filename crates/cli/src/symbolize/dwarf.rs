//! Addresses → source lines and inlined functions, from the debug information of one file.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use addr2line::Loader;

/// One function at an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Frame {
    /// Its name for the linker, or empty.
    pub(super) symbol: String,
    /// Source file, or empty.
    pub(super) file: String,
    /// Source line, or 0.
    pub(super) line: u32,
    /// Line where it begins, or 0.
    pub(super) start_line: u32,
}

/// A file with debug information.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DebugFile {
    /// Where it is.
    pub(super) path: PathBuf,
    /// The file with what it has in common with others.
    pub(super) common: Option<PathBuf>,
    /// Whether it must be held in memory to be read.
    pub(super) is_compressed: bool,
}

impl DebugFile {
    /// The functions at each address, innermost first; none where nothing is known.
    ///
    /// # Errors
    ///
    /// The debug information makes no sense.
    pub(super) fn frames(&self, addresses: &[u64]) -> Result<Vec<Vec<Frame>>, String> {
        let loader = Loader::new_with_sup(&self.path, self.common.as_ref())
            .map_err(|error| error.to_string())?;
        let mut starts = Starts::new(&loader);
        let mut all = Vec::with_capacity(addresses.len());
        for address in addresses {
            let frames = starts.frames(*address);
            all.push(frames.map_err(|error| error.to_string())?);
        }
        Ok(all)
    }
}

/// Where functions begin, so that each is looked up once.
struct Starts<'a> {
    loader: &'a Loader,
    /// Address of a function → its first line.
    known: HashMap<u64, u32>,
}

impl<'a> Starts<'a> {
    fn new(loader: &'a Loader) -> Self {
        Self {
            loader,
            known: HashMap::new(),
        }
    }

    fn frames(&mut self, address: u64) -> Result<Vec<Frame>, Box<dyn std::error::Error>> {
        let mut found = Vec::new();
        let mut frames = self.loader.find_frames(address)?;
        while let Some(frame) = frames.next()? {
            let symbol = match &frame.function {
                Some(name) => name.raw_name()?.into_owned(),
                None => String::new(),
            };
            let location = frame.location;
            let file = location.as_ref().and_then(|location| location.file);
            found.push(Frame {
                symbol,
                file: file.map(tidy).unwrap_or_default(),
                line: location.and_then(|location| location.line).unwrap_or(0),
                start_line: 0,
            });
        }
        if let Some(outermost) = found.last_mut() {
            outermost.start_line = self.start_line(address, &outermost.symbol);
        }
        Ok(found)
    }

    /// The line of a function's first instruction, if the symbol before an address is its.
    fn start_line(&mut self, address: u64, symbol: &str) -> u32 {
        let Some(start) = self.loader.find_symbol_info(address) else {
            return 0;
        };
        if start.name() != symbol {
            return 0;
        }
        let loader = self.loader;
        *self.known.entry(start.address()).or_insert_with(|| {
            let location = loader.find_location(start.address()).ok().flatten();
            location.and_then(|location| location.line).unwrap_or(0)
        })
    }
}

/// A path without detours, as `/build/src/../lib/x.c`.
fn tidy(path: &str) -> String {
    let mut tidied = PathBuf::new();
    for component in Path::new(path).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if tidied.file_name().is_some() => {
                tidied.pop();
            }
            component => tidied.push(component),
        }
    }
    tidied.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lose_their_detours() {
        for (path, tidied) in [
            ("/build/./src/../lib/x.c", "/build/lib/x.c"),
            ("/../x.c", "/../x.c"),
            ("../x.c", "../x.c"),
            ("../../lib/x.c", "../../lib/x.c"),
            ("", ""),
        ] {
            assert_eq!(tidy(path), tidied);
        }
    }
}
