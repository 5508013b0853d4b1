//! Names that have been looked up: of functions, of static objects, and of files by build id.

use contract::demangle::demangle;
use rustc_hash::FxHashMap;

use super::jit::Jit;
use super::objects::{Objects, Segment};
use super::symbolize::{self, Named, Questions};

/// A cache over everything asked so far.
#[derive(Default)]
pub(crate) struct Names {
    /// Code address → symbol; none where no symbol holds it.
    code: FxHashMap<u64, Option<Box<str>>>,
    /// Data address → symbol; none where no symbol holds it.
    data: FxHashMap<u64, Option<Named>>,
    /// Symbol → name for people.
    people: FxHashMap<Box<str>, Box<str>>,
    jit: Jit,
    /// File → build id.
    build_ids: FxHashMap<usize, String>,
}

impl Names {
    /// Looks up what is not known yet, file by file; each is closed before the next.
    pub(crate) fn look_up(
        &mut self,
        objects: &Objects,
        code: impl Iterator<Item = u64>,
        data: impl Iterator<Item = u64>,
        with_symbols: bool,
    ) {
        let mut questions: FxHashMap<usize, Questions> = FxHashMap::default();
        for address in code {
            if self.code.contains_key(&address) {
                continue;
            }
            self.code.insert(address, None);
            let segment = objects.segment_at(address);
            if let Some(segment) = segment.and_then(|index| objects.segments().get(index)) {
                let asked = questions.entry(segment.file).or_default();
                asked.code.push(address);
            }
        }
        for address in data {
            if self.data.contains_key(&address) {
                continue;
            }
            // What lies in no file is no static object, and there is no end of it.
            if let Some(file) = objects.file_at(address) {
                self.data.insert(address, None);
                questions.entry(file).or_default().data.push(address);
            }
        }
        for (file, mut asked) in questions {
            if !with_symbols {
                // The file is still asked for its build id.
                asked = Questions::default();
            }
            self.ask(objects, file, &asked);
        }
    }

    fn ask(&mut self, objects: &Objects, file: usize, questions: &Questions) {
        let Some(loaded) = objects.files().get(file) else {
            return;
        };
        let answers = symbolize::ask(loaded, questions);
        self.build_ids.insert(file, answers.build_id);
        for (address, named) in answers.code {
            self.remember(&named.symbol);
            self.code.insert(address, Some(named.symbol.into()));
        }
        for (address, named) in answers.data {
            self.remember(&named.symbol);
            self.data.insert(address, Some(named));
        }
    }

    fn remember(&mut self, symbol: &str) {
        if !self.people.contains_key(symbol) {
            self.people.insert(symbol.into(), demangle(symbol).into());
        }
    }

    /// The same for code that was made at run time, whose names are written down while
    /// it runs.
    pub(crate) fn look_up_made(&mut self, objects: &Objects) {
        let nameless = self.code.iter().filter(|(_, symbol)| symbol.is_none());
        for (&address, _) in nameless {
            if objects.is_made_at_run_time(address) {
                self.jit.ask(address);
            }
        }
        self.jit.look_up();
    }

    /// Names of code made at run time.
    pub(crate) fn made(&self) -> &Jit {
        &self.jit
    }

    /// The symbol of the function at a code address.
    pub(crate) fn function(&self, address: u64) -> Option<&str> {
        let symbol = self.code.get(&address)?.as_deref();
        symbol.or_else(|| self.jit.name(address))
    }

    /// The static object at a data address.
    pub(crate) fn object(&self, address: u64) -> Option<&Named> {
        self.data.get(&address)?.as_ref()
    }

    /// A symbol as people know it.
    pub(crate) fn for_people<'a>(&'a self, symbol: &'a str) -> &'a str {
        self.people.get(symbol).map_or(symbol, |name| name)
    }

    /// The build id of a file, or nothing.
    pub(crate) fn build_id(&self, file: usize) -> &str {
        self.build_ids.get(&file).map_or("", String::as_str)
    }

    /// Whether any function in a segment has a name.
    pub(crate) fn names_any_in(&self, segment: &Segment) -> bool {
        self.code
            .iter()
            .any(|(address, symbol)| symbol.is_some() && segment.addresses.contains(address))
    }
}
