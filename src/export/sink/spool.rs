//! A directory of requests that did not arrive, until a later process delivers them.
//!
//! A file is one request: what it was for, its own headers, and its body. Keys and
//! addresses are not in it: whoever delivers it uses its own. It is claimed by
//! renaming it, so that two processes cannot both deliver it; a claim that is old
//! belongs to a process that was killed, and counts no more.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::Request;
use crate::config::Config;
use crate::sys;

/// Most files in the directory, whoever wrote them.
const FILES_MAX: usize = 100;
/// Most bytes in them.
const BYTES_MAX: u64 = 64 << 20;
/// How old a claim of a process that lives can be; a delivery takes 13 seconds.
const CLAIM_MAX: Duration = Duration::from_secs(60);
/// First line of a file.
const MAGIC: &str = "lockprof spool 1";
/// Ends of file names: whole, claimed, being written.
const WHOLE: &str = "lockprof";
const CLAIMED: &str = "claimed";
const PART: &str = "part";

/// The requests of one service for one receiver.
pub(super) struct Spool {
    folder: PathBuf,
    /// What the names of its files begin with.
    prefix: String,
    /// Lines 2 and 3 of its files.
    owner: String,
    /// Age at which a claim, or a file that is not whole, belongs to a process that
    /// is gone.
    claim_max: Duration,
}

/// A request that nobody else delivers now.
pub(super) struct Claim {
    place: PathBuf,
    original: PathBuf,
    headers: Headers,
    body: Vec<u8>,
}

type Headers = Vec<(String, String)>;

/// A file of ours in the directory.
struct Entry {
    path: PathBuf,
    name: String,
    len: u64,
    is_old: bool,
}

impl Spool {
    /// The configured one, if there is one.
    pub(super) fn new(config: &Config, receiver: &str) -> Option<Self> {
        let options = &config.options;
        let folder = PathBuf::from(options.spool.as_deref()?);
        let folder = match &config.folder {
            Some(start) => start.join(folder),
            None => folder,
        };
        let service = options.service.as_deref().unwrap_or(&config.executable);
        Some(Self::in_folder(folder, receiver, service))
    }

    fn in_folder(folder: PathBuf, receiver: &str, service: &str) -> Self {
        let line = |text: &str| text.replace(char::is_control, " ");
        let owner = format!("receiver: {}\nservice: {}\n", line(receiver), line(service));
        let word: String = receiver
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        let prefix = format!("{}.{:016x}.", word.to_lowercase(), fingerprint(&owner));
        Self {
            folder,
            prefix,
            owner,
            claim_max: CLAIM_MAX,
        }
    }

    /// Keeps a request, and says how many older ones had to go.
    ///
    /// # Errors
    /// Says in one line why it cannot be kept.
    pub(super) fn keep(&self, request: &Request) -> Result<usize, String> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let bytes = self.file_of(request);
        let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if len > BYTES_MAX.min(sys::file_size_limit()) {
            // Writing on could kill the host (SIGXFSZ).
            return Err(format!("a profile of {len} bytes is too large to keep"));
        }
        let unwritable = |error| format!("cannot write to {}: {error}", self.folder.display());
        let displaced = self.make_room(len).map_err(unwritable)?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!(
            "{}{:020}-{}-{number}.{WHOLE}",
            self.prefix,
            sys::realtime_ns(),
            sys::process_id()
        );
        let path = self.folder.join(name);
        write_whole(&path, &bytes).map_err(unwritable)?;
        Ok(displaced)
    }

    fn file_of(&self, request: &Request) -> Vec<u8> {
        let mut head = format!("{MAGIC}\n{}", self.owner);
        for (name, value) in &request.headers {
            let value = value.replace(char::is_control, " ");
            head.push_str(&format!("header: {name}: {value}\n"));
        }
        head.push_str(&format!("body: {}\n", request.body.len()));
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&request.body);
        bytes
    }

    /// Removes what is too much, the oldest first, and says how many whole ones.
    fn make_room(&self, len: u64) -> std::io::Result<usize> {
        let mut entries = entries(&self.folder, self.claim_max)?;
        entries.retain(|entry| {
            let is_left_over = entry.has_end(PART) && entry.is_old;
            !is_left_over || fs::remove_file(&entry.path).is_err()
        });
        let mut displaced = 0;
        loop {
            let bytes: u64 = entries.iter().map(|entry| entry.len).sum();
            if entries.len() < FILES_MAX && bytes.saturating_add(len) <= BYTES_MAX {
                break;
            }
            let Some(oldest) = take_oldest(&mut entries, |entry| entry.has_end(WHOLE)) else {
                break;
            };
            displaced += usize::from(fs::remove_file(&oldest.path).is_ok());
        }
        Ok(displaced)
    }

    /// The oldest request that waits; nobody else gets it. What cannot be read is
    /// removed: nobody ever could.
    pub(super) fn claim(&self) -> Option<Claim> {
        let mut entries = entries(&self.folder, self.claim_max).ok()?;
        let is_free =
            |entry: &Entry| entry.has_end(WHOLE) || entry.has_end(CLAIMED) && entry.is_old;
        let is_mine = |entry: &Entry| entry.name.starts_with(&self.prefix) && is_free(entry);
        while let Some(entry) = take_oldest(&mut entries, is_mine) {
            if let Some(claim) = self.claim_this(&entry) {
                return Some(claim);
            }
        }
        None
    }

    fn claim_this(&self, entry: &Entry) -> Option<Claim> {
        let stem = entry.order().split('.').next().unwrap_or("");
        let whose = sys::random();
        let original = self.folder.join(format!("{}{stem}.{WHOLE}", self.prefix));
        // Another name for every claim: who has lost the race finds nothing to rename.
        let place = format!("{}{stem}.{whose:032x}.{CLAIMED}", self.prefix);
        let place = self.folder.join(place);
        fs::rename(&entry.path, &place).ok()?;
        let read = fs::read(&place).ok().and_then(|bytes| self.read(&bytes));
        let Some((headers, body)) = read else {
            let _ = fs::remove_file(&place);
            return None;
        };
        Some(Claim {
            place,
            original,
            headers,
            body,
        })
    }

    /// Takes a file apart.
    fn read(&self, bytes: &[u8]) -> Option<(Headers, Vec<u8>)> {
        let mut rest = bytes
            .strip_prefix(MAGIC.as_bytes())?
            .strip_prefix(b"\n")?
            .strip_prefix(self.owner.as_bytes())?;
        let mut headers = Vec::new();
        loop {
            let end = rest.iter().position(|&byte| byte == b'\n')?;
            let (line, after) = rest.split_at_checked(end)?;
            let line = std::str::from_utf8(line).ok()?;
            rest = after.strip_prefix(b"\n")?;
            if let Some(len) = line.strip_prefix("body: ") {
                let is_whole = len.parse() == Ok(rest.len());
                return is_whole.then(|| (headers, rest.to_vec()));
            }
            let (name, value) = line.strip_prefix("header: ")?.split_once(": ")?;
            headers.push((name.to_owned(), value.to_owned()));
        }
    }
}

impl Claim {
    pub(super) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let headers = self.headers.iter();
        headers.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    /// It has arrived, or never will.
    pub(super) fn finish(self) {
        let _ = fs::remove_file(&self.place);
    }

    /// It is to be delivered another time.
    pub(super) fn give_back(self) {
        let _ = fs::rename(&self.place, &self.original);
    }
}

impl Entry {
    fn has_end(&self, end: &str) -> bool {
        self.path.extension() == Some(OsStr::new(end))
    }

    /// What to sort by, so that the oldest comes first: the time in the name.
    fn order(&self) -> &str {
        self.name.splitn(3, '.').nth(2).unwrap_or("")
    }
}

/// Takes the oldest of those that fit out of a list. (Sorting would be 40 kilobytes
/// of code.)
fn take_oldest(entries: &mut Vec<Entry>, fits: impl Fn(&Entry) -> bool) -> Option<Entry> {
    let fitting = entries.iter().enumerate().filter(|(_, entry)| fits(entry));
    let oldest = fitting.min_by(|(_, a), (_, b)| a.order().cmp(b.order()));
    let index = oldest.map(|(index, _)| index)?;
    Some(entries.swap_remove(index))
}

/// All files of ours in a directory.
fn entries(folder: &Path, claim_max: Duration) -> std::io::Result<Vec<Entry>> {
    let now_s = sys::realtime_ns() / 1_000_000_000;
    let ends = [WHOLE, CLAIMED, PART];
    let entries = fs::read_dir(folder)?.flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let (_, end) = name.rsplit_once('.')?;
        let (is_ours, metadata) = (ends.contains(&end), entry.metadata().ok()?);
        // The time of its last change: renaming is one.
        let changed_s = u64::try_from(metadata.ctime()).unwrap_or(0);
        (is_ours && metadata.is_file()).then(|| Entry {
            path: entry.path(),
            name,
            len: metadata.len(),
            is_old: now_s.saturating_sub(changed_s) >= claim_max.as_secs(),
        })
    });
    Ok(entries.collect())
}

/// Under its name there is always the whole file; nobody else may read it.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension(PART);
    let mut options = OpenOptions::new();
    let written = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

/// A number that stands for a text, the same in every build (FNV-1a).
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests;
