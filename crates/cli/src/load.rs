//! Profiles from files.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use contract::pprof;
use contract::profile::{LabelValue, Profile};
use flate2::read::MultiGzDecoder;

use crate::analyse::sync;
use crate::output;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// A file that grows beyond this is no lock profile.
const MOST_BYTES: u64 = 1 << 30;

/// A profile and where it is from.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    /// The file.
    pub(crate) path: PathBuf,
    /// What is in it about locks.
    pub(crate) profile: Profile,
    /// What is in it about sync waits.
    pub(crate) sync: Profile,
}

impl Loaded {
    /// Sets apart what is about locks and what is not.
    pub(crate) fn new(path: PathBuf, mut profile: Profile) -> Self {
        let sync = sync::split_off(&mut profile);
        Self {
            path,
            profile,
            sync,
        }
    }
}

/// Reads a profile, compressed or not.
///
/// # Errors
///
/// One line that says why not.
pub(crate) fn load(path: &Path) -> Result<Profile, String> {
    let raw = File::open(path)
        .and_then(bounded)
        .map_err(|error| output::reason(&error))?;
    decode(&raw)
}

/// As [`load`], of bytes that are there already.
///
/// # Errors
///
/// As there.
pub(crate) fn decode(raw: &[u8]) -> Result<Profile, String> {
    let unpacked;
    let bytes = if raw.starts_with(&GZIP_MAGIC) {
        unpacked = bounded(MultiGzDecoder::new(raw)).map_err(|error| gzip_reason(&error))?;
        unpacked.as_slice()
    } else {
        raw
    };
    if bytes.is_empty() {
        return Err("the file is empty".to_owned());
    }
    let mut profile = pprof::decode(bytes).map_err(|error| error.to_string())?;
    texts(&mut profile).for_each(make_harmless);
    Ok(profile)
}

/// Everything in a profile that somebody may have written.
fn texts(profile: &mut Profile) -> impl Iterator<Item = &mut String> {
    let files = profile.mappings.iter_mut();
    let functions = profile.functions.iter_mut();
    let labels = profile.samples.iter_mut().flat_map(|row| &mut row.labels);
    let of_files = files.flat_map(|file| [&mut file.file, &mut file.build_id]);
    let of_functions =
        functions.flat_map(|named| [&mut named.name, &mut named.system_name, &mut named.file]);
    let of_labels = labels.flat_map(|label| {
        let (LabelValue::Text(value) | LabelValue::Number(_, value)) = &mut label.value;
        [&mut label.key, value]
    });
    of_files
        .chain(of_functions)
        .chain(of_labels)
        .chain(&mut profile.comments)
}

/// Names come from programs, and profiles from anywhere: nothing in them may end a line, or
/// speak to the terminal.
fn make_harmless(text: &mut String) {
    if text.contains(char::is_control) {
        *text = text.replace(char::is_control, "?");
    }
}

/// The profiles of these files, and one line about each file that has none.
pub(crate) fn load_all<'a>(paths: impl Iterator<Item = &'a Path>) -> (Vec<Loaded>, Vec<String>) {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    for path in paths {
        match load(path) {
            Ok(profile) => files.push(Loaded::new(path.to_owned(), profile)),
            Err(reason) => problems.push(format!("{}: {reason}", path.display())),
        }
    }
    (files, problems)
}

fn bounded(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let len = from.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if u64::try_from(len).unwrap_or(u64::MAX) > MOST_BYTES {
        return Err(io::Error::other("too large for a profile"));
    }
    Ok(bytes)
}

fn gzip_reason(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::UnexpectedEof => "the gzip data is cut off".to_owned(),
        _ => format!("damaged gzip data: {}", output::reason(error)),
    }
}
