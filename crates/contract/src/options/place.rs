//! Places in code as a user names them: libraries, files, functions.

/// What one word of `LOCKPROF_INCLUDE` or `LOCKPROF_EXCLUDE` means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// All code of a library or program of this name, whatever its version.
    Library(String),
    /// All code of the file at this path.
    File(String),
    /// The functions whose names begin so.
    Functions(String),
}

impl Place {
    /// Reads one word; none when it is neither of them.
    pub(super) fn parse(word: &str) -> Option<Self> {
        let (name, is_prefix) = match word.strip_suffix('*') {
            Some(name) => (name, true),
            None => (word, false),
        };
        if name.is_empty() || name.contains('*') {
            return None;
        }
        Some(if is_prefix {
            Self::Functions(name.to_owned())
        } else if name.contains('/') {
            Self::File(name.to_owned())
        } else {
            Self::Library(name.to_owned())
        })
    }

    /// Whether code is in this place, of a file at `path` and in `function`, as far as
    /// these are known.
    #[must_use]
    pub fn holds(&self, path: Option<&str>, function: Option<&str>) -> bool {
        match self {
            Self::Library(name) => path.is_some_and(|path| is_named(path, name)),
            Self::File(file) => path == Some(file),
            Self::Functions(prefix) => {
                function.is_some_and(|function| function.starts_with(prefix.as_str()))
            }
        }
    }
}

/// Whether the file at a path has this name, or the name and a version: `libssl` is
/// `libssl.so.3`, `libglib` is `libglib-2.0.so.0`, `libpng` is `libpng16.so.16`.
fn is_named(path: &str, name: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.strip_prefix(name).is_some_and(|version| {
        version.is_empty()
            || version.starts_with(|c: char| c == '.' || c == '-' || c.is_ascii_digit())
    })
}
