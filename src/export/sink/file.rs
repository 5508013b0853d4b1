//! The local file: written beside itself and renamed, so that it is whole at any time.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use contract::file_name::{self, Identity};
use contract::pprof::Encoder;
use contract::profile::{Profile, Sample};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Sink, SinkError, Span};
use crate::config::Config;
use crate::sys;

/// Writes each profile over the one before.
pub(crate) struct FileSink {
    /// Places to try, best first; the first that works stays the only one.
    candidates: Vec<PathBuf>,
    /// The profile that is being made.
    encoder: Option<Gzipped>,
}

/// Makes a profile as files have it.
pub(crate) type Gzipped = Encoder<GzEncoder<Vec<u8>>>;

/// The beginning of one.
pub(crate) fn encoder() -> Gzipped {
    Encoder::new(GzEncoder::new(Vec::new(), Compression::default()))
}

impl FileSink {
    /// The file of this process.
    ///
    /// # Errors
    /// Says in one line what is wrong with the configured place.
    pub(crate) fn new(
        config: &Config,
        identity: &Identity,
        is_forked: bool,
    ) -> Result<Self, SinkError> {
        let from_start = |path: &str| match &config.folder {
            Some(folder) => folder.join(path),
            None => PathBuf::from(path),
        };
        let Some(output) = &config.options.output else {
            let name = file_name::default_name(identity);
            let temporary = config.temporary.as_deref().map(PathBuf::from);
            let folders = config
                .folder
                .clone()
                .into_iter()
                .chain(temporary)
                .chain([PathBuf::from("/tmp")]);
            return Ok(Self {
                candidates: folders.map(|folder| folder.join(&name)).collect(),
                encoder: None,
            });
        };
        let is_dir = from_start(output).is_dir();
        let mut path = file_name::expand(output, is_dir, identity).map_err(|reason| {
            SinkError::Permanent(format!("LOCKPROF_OUTPUT={output}: {reason}"))
        })?;
        if is_forked && !file_name::names_process(output, is_dir) {
            path = file_name::for_child(&path, identity.pid);
        }
        Ok(Self {
            candidates: vec![from_start(&path)],
            encoder: None,
        })
    }
}

/// Who may read a file, beside its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readers {
    /// Nobody: a profile tells of the program's inside.
    Nobody,
    /// Whoever the program lets (umask): a file that is made for others to read.
    Others,
}

/// Puts a file in the place of the one before, whole or not at all. It is written
/// beside that, where nothing may be: somebody else could have put a link there, in a
/// folder like /tmp.
pub(super) fn replace(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    if sys::file_size_limit() < bytes.len() as u64 {
        // Writing on would not fail: it would kill the host (SIGXFSZ).
        let reason = format!("{} bytes exceed the limit on file sizes", bytes.len());
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let beside = PathBuf::from(beside);
    // Of one of us that was killed while it wrote, if it is there and may be removed.
    let _ = fs::remove_file(&beside);
    let mode = match readers {
        Readers::Nobody => 0o600,
        Readers::Others => 0o644,
    };
    let mut options = OpenOptions::new();
    let written = options
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&beside)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&beside, path));
    if let Err(error) = &written
        && error.kind() != io::ErrorKind::AlreadyExists
    {
        // Leaves nothing half-written; the one before stays.
        let _ = fs::remove_file(&beside);
    }
    written
}

impl Sink for FileSink {
    fn span(&self) -> Span {
        Span::Whole
    }

    fn takes_sync_waits(&self) -> bool {
        true
    }

    fn add(&mut self, sample: &Sample, tables: &Profile) {
        let encoder = self.encoder.get_or_insert_with(encoder);
        // Writing to memory cannot fail.
        let _ = encoder.add(sample, tables.locations.len());
    }

    fn finish(&mut self, tables: &Profile) -> Result<(), SinkError> {
        let encoder = self.encoder.take().unwrap_or_else(encoder);
        let gzipped = encoder
            .finish(tables)
            .and_then(GzEncoder::finish)
            .map_err(|error| SinkError::Temporary(error.to_string()))?;
        let mut failure = None;
        for (index, path) in self.candidates.iter().enumerate() {
            match replace(path, &gzipped, Readers::Nobody) {
                Ok(()) => {
                    self.candidates = self.candidates.drain(index..=index).collect();
                    return Ok(());
                }
                Err(error) => {
                    failure
                        .get_or_insert_with(|| format!("cannot write {}: {error}", path.display()));
                }
            }
        }
        Err(SinkError::Temporary(
            failure.unwrap_or_else(|| "no place to write to".to_owned()),
        ))
    }
}
