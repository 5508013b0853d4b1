//! Names of profile files: made from an output place, and found again.

#[cfg(test)]
mod tests;

const PREFIX: &str = "lockprof.";
const SUFFIX: &str = ".pb.gz";
/// Longest executable name that goes into a file name, in bytes.
const EXECUTABLE_BYTES: usize = 64;

/// What tells the profile of one process from all others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Name of the executable, without folders.
    pub executable: String,
    /// Process id.
    pub pid: u32,
    /// When the process started to be profiled, milliseconds since 1970.
    pub start_ms: u64,
}

/// `lockprof.<executable>.<pid>.<start>.pb.gz`
#[must_use]
pub fn default_name(id: &Identity) -> String {
    let executable = sanitised(&id.executable);
    format!("{PREFIX}{executable}.{}.{}{SUFFIX}", id.pid, id.start_ms)
}

/// The path of a profile: `output` is a directory if `is_dir` says so or if it
/// ends with `/`; otherwise it is a pattern, in which `%e` is the executable, `%p`
/// the process, `%t` the start and `%%` a percent sign. Empty is the current
/// directory.
///
/// # Errors
///
/// One line about what stands behind a `%` and is none of these.
pub fn expand(output: &str, is_dir: bool, id: &Identity) -> Result<String, String> {
    if is_directory(output, is_dir) {
        let slash = if output.is_empty() || output.ends_with('/') {
            ""
        } else {
            "/"
        };
        return Ok(format!("{output}{slash}{}", default_name(id)));
    }
    let mut path = String::with_capacity(output.len());
    for piece in pieces(output) {
        match piece? {
            Piece::Char(c) => path.push(c),
            Piece::Executable => path.push_str(&sanitised(&id.executable)),
            Piece::Pid => path.push_str(&id.pid.to_string()),
            Piece::Start => path.push_str(&id.start_ms.to_string()),
        }
    }
    Ok(path)
}

/// Whether every process gets a name of its own, so that [`for_child`] is not needed.
#[must_use]
pub fn names_process(output: &str, is_dir: bool) -> bool {
    is_directory(output, is_dir) || pieces(output).any(|piece| piece == Ok(Piece::Pid))
}

/// The path of a forked child's profile, where its parent's is `path` and the
/// pattern behind it does not name the process.
#[must_use]
pub fn for_child(path: &str, pid: u32) -> String {
    match path.strip_suffix(SUFFIX) {
        Some(stem) => format!("{stem}.{pid}{SUFFIX}"),
        None => format!("{path}.{pid}"),
    }
}

/// What a file name says, if [`default_name`] made it.
#[must_use]
pub fn parse(name: &str) -> Option<Identity> {
    let mut parts = name
        .strip_prefix(PREFIX)?
        .strip_suffix(SUFFIX)?
        .rsplitn(3, '.');
    let start_ms = parts.next()?.parse().ok()?;
    let pid = parts.next()?.parse().ok()?;
    let id = Identity {
        executable: parts.next()?.to_owned(),
        pid,
        start_ms,
    };
    (default_name(&id) == name).then_some(id)
}

/// Whether a pattern (or one folder of it) can have given this name, to a process
/// or to a child of it.
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    let Ok(pattern) = pieces(pattern).collect::<Result<Vec<_>, _>>() else {
        return false;
    };
    pieces_match(&pattern, name) || without_child(name).is_some_and(|n| pieces_match(&pattern, &n))
}

/// The name that [`for_child`] was given, if it made this one.
fn without_child(name: &str) -> Option<String> {
    let (stem, suffix) = match name.strip_suffix(SUFFIX) {
        Some(stem) => (stem, SUFFIX),
        None => (name, ""),
    };
    let (stem, pid) = stem.rsplit_once('.')?;
    is_number(pid).then(|| format!("{stem}{suffix}"))
}

fn pieces_match(pattern: &[Piece], name: &str) -> bool {
    let Some((first, rest)) = pattern.split_first() else {
        return name.is_empty();
    };
    if let Piece::Char(c) = first {
        return name.strip_prefix(*c).is_some_and(|n| pieces_match(rest, n));
    }
    name.char_indices()
        .map(|(at, c)| name.split_at(at + c.len_utf8()))
        .any(|(head, tail)| {
            (*first == Piece::Executable || is_number(head)) && pieces_match(rest, tail)
        })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_directory(output: &str, is_dir: bool) -> bool {
    is_dir || output.is_empty() || output.ends_with('/')
}

/// An executable's name as it may stand in a file name.
fn sanitised(executable: &str) -> String {
    let mut name = String::new();
    for c in executable.chars() {
        let c = if c == '/' || c.is_control() { '_' } else { c };
        if name.len() + c.len_utf8() > EXECUTABLE_BYTES {
            break;
        }
        name.push(c);
    }
    if name.is_empty() {
        name.push('_');
    }
    name
}

/// One piece of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Char(char),
    Executable,
    Pid,
    Start,
}

/// A pattern piece by piece; an error for each sequence that is not known.
fn pieces(pattern: &str) -> impl Iterator<Item = Result<Piece, String>> {
    let mut chars = pattern.chars();
    std::iter::from_fn(move || {
        Some(Ok(match chars.next()? {
            '%' => match chars.next() {
                Some('%') => Piece::Char('%'),
                Some('e') => Piece::Executable,
                Some('p') => Piece::Pid,
                Some('t') => Piece::Start,
                other => return Some(Err(unknown(other))),
            },
            c => Piece::Char(c),
        }))
    })
}

fn unknown(sequence: Option<char>) -> String {
    let sequence: String = sequence.iter().flat_map(|c| c.escape_default()).collect();
    format!("unknown sequence %{sequence}; known are %e, %p, %t and %%")
}
