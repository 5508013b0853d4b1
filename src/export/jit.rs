//! Names of code that was made at run time, from the map its maker writes for `perf`.
//!
//! `/tmp/perf-PID.map`: a line for each function, its beginning and size in hexadecimal
//! and its name; of several for one address the last counts. It is read when a profile
//! is made: up to its end if addresses are new, else only what was added. Of its
//! contents nothing is kept but answers: a map may have hundreds of thousands of lines.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek as _, SeekFrom};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};

use rustc_hash::FxHashMap;

use crate::sys;

/// Most of a map that is read at once.
const READ_MAX: u64 = 64 << 20;
/// Longest name that is kept; longer ones are cut.
const NAME_MAX: usize = 200;
/// Names that are found in one reading; each address has one, or few that replace each other.
const FOUND_MAX: usize = 1 << 20;
/// Addresses that are asked for; names and all, 1 MiB at most.
const ASKED_MAX: usize = 1 << 12;

/// What is known of code made at run time.
pub(crate) struct Jit {
    path: String,
    /// Address → name; none as long as no line holds it.
    names: FxHashMap<u64, Option<Box<str>>>,
    /// Whether some of them were not asked before.
    has_new: bool,
    /// How far the map has been read, and which file it was.
    read: u64,
    inode: u64,
    broken: u64,
    /// Names that were found in the last reading.
    found: usize,
    /// Whether more addresses were asked for than there is room for.
    is_full: bool,
    /// Why there are no names, or not all.
    fault: Option<String>,
}

impl Default for Jit {
    fn default() -> Self {
        Self {
            path: format!("/tmp/perf-{}.map", sys::process_id()),
            names: FxHashMap::default(),
            has_new: false,
            read: 0,
            inode: 0,
            broken: 0,
            found: 0,
            is_full: false,
            fault: None,
        }
    }
}

impl Jit {
    /// Notes that a code address wants a name.
    pub(crate) fn ask(&mut self, address: u64) {
        if self.names.contains_key(&address) {
            return;
        }
        if self.names.len() < ASKED_MAX {
            self.names.insert(address, None);
            self.has_new = true;
        } else {
            self.is_full = true;
        }
    }

    /// The name of the function at an address.
    pub(crate) fn name(&self, address: u64) -> Option<&str> {
        self.names.get(&address)?.as_deref()
    }

    /// Looks for names, if any are wanted.
    pub(crate) fn look_up(&mut self) {
        if self.names.is_empty() {
            return;
        }
        self.fault = match open(&self.path, sys::effective_user()) {
            Ok((file, inode, len)) => self.read_on(file, inode, len).err(),
            // Nobody writes one, or not yet.
            Err(Refused::Absent) => return,
            Err(Refused::Because(reason)) => Some(reason),
        };
    }

    fn read_on(&mut self, mut file: File, inode: u64, len: u64) -> Result<(), String> {
        if self.has_new || inode != self.inode || len < self.read {
            (self.read, self.inode, self.broken) = (0, inode, 0);
        }
        let failed = |error: io::Error| format!("{error}");
        file.seek(SeekFrom::Start(self.read)).map_err(failed)?;
        self.has_new = false;
        self.found = 0;
        let room = READ_MAX.saturating_sub(self.read);
        let complete = self.read_lines(file.take(room)).map_err(failed)?;
        self.read += complete;
        if self.found >= FOUND_MAX {
            return Err("too many lines for the same addresses".to_owned());
        }
        if len > READ_MAX {
            return Err(format!("not read beyond {} MiB", READ_MAX >> 20));
        }
        Ok(())
    }

    /// Reads whole lines; says how many bytes they were. A last one that is still being
    /// written is for the next time.
    fn read_lines(&mut self, mut map: impl Read) -> io::Result<u64> {
        let wanted = sorted(self.names.keys());
        let mut complete = 0;
        let mut buffer = vec![0; 1 << 16];
        let mut filled = 0;
        let mut is_cut = false;
        loop {
            let len = map.read(buffer.get_mut(filled..).unwrap_or_default())?;
            if len == 0 {
                return Ok(complete);
            }
            filled += len;
            let whole = buffer.get(..filled).unwrap_or_default();
            let Some(end) = whole.iter().rposition(|&byte| byte == b'\n') else {
                if filled == buffer.len() {
                    // No name is so long.
                    complete += filled as u64;
                    (filled, is_cut) = (0, true);
                }
                continue;
            };
            for line in whole
                .get(..end)
                .unwrap_or_default()
                .split(|&byte| byte == b'\n')
            {
                if std::mem::take(&mut is_cut) {
                    self.broken += 1;
                } else {
                    self.learn(line, &wanted);
                }
            }
            complete += end as u64 + 1;
            buffer.copy_within(end + 1..filled, 0);
            filled -= end + 1;
        }
    }

    fn learn(&mut self, line: &[u8], wanted: &[u64]) {
        let Some(line) = Line::parse(line) else {
            self.broken += 1;
            return;
        };
        let from = wanted.partition_point(|&address| address < line.start);
        let behind = wanted.get(from..).unwrap_or_default().iter();
        for address in behind.take_while(|&&address| address - line.start < line.size) {
            if self.found >= FOUND_MAX {
                return;
            }
            self.found += 1;
            let name = String::from_utf8_lossy(line.name);
            self.names.insert(*address, Some(name.into()));
        }
    }

    /// What is to be known of the names: nothing when all is well.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let path = &self.path;
        let broken =
            (self.broken > 0).then(|| format!("{} lines of {path} make no sense", self.broken));
        let fault = self.fault.as_ref().map(|fault| format!("{path}: {fault}"));
        let full = self
            .is_full
            .then(|| format!("not more than {ASKED_MAX} addresses are looked up"));
        broken.into_iter().chain(fault).chain(full).collect()
    }
}

fn sorted<'a>(addresses: impl Iterator<Item = &'a u64>) -> Vec<u64> {
    let mut sorted: Vec<u64> = addresses.copied().collect();
    sorted.sort_unstable();
    sorted
}

/// Why a map is not read.
#[derive(Debug, PartialEq, Eq)]
enum Refused {
    Absent,
    Because(String),
}

/// Opens a map, which lies where anybody may put files: its inode and length come along.
fn open(path: &str, user: u32) -> Result<(File, u64, u64), Refused> {
    let refused = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Refused::Absent,
        _ if error.raw_os_error() == Some(libc::ELOOP) => {
            Refused::Because("not read: a symbolic link".to_owned())
        }
        _ => Refused::Because(format!("not read: {error}")),
    };
    // A pipe would keep us waiting for its writer.
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let mut options = OpenOptions::new();
    let file = options
        .read(true)
        .custom_flags(flags)
        .open(path)
        .map_err(refused)?;
    let metadata = file.metadata().map_err(refused)?;
    if !metadata.is_file() {
        Err(Refused::Because("not read: no regular file".to_owned()))
    } else if metadata.uid() != user {
        Err(Refused::Because(
            "not read: it belongs to another user".to_owned(),
        ))
    } else {
        Ok((file, metadata.ino(), metadata.len()))
    }
}

/// One line of a map.
struct Line<'a> {
    start: u64,
    size: u64,
    name: &'a [u8],
}

impl<'a> Line<'a> {
    fn parse(line: &'a [u8]) -> Option<Self> {
        let mut fields = line.splitn(3, |&byte| byte == b' ');
        let mut number = || {
            let digits = std::str::from_utf8(fields.next()?).ok()?;
            let digits = digits.strip_prefix("0x").unwrap_or(digits);
            let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            u64::from_str_radix(digits, 16).ok().filter(|_| is_hex)
        };
        let (start, size) = (number()?, number()?);
        let name = fields.next()?.trim_ascii();
        let name = name.get(..NAME_MAX).unwrap_or(name);
        let is_sound = size > 0 && !name.is_empty();
        is_sound.then_some(Self { start, size, name })
    }
}

#[cfg(test)]
mod tests;
