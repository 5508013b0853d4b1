//! Where profiles go.

pub(crate) mod file;

/// What one profile is, whoever receives it.
pub(crate) struct Parcel {
    /// gzipped pprof.
    pub(crate) gzipped: Vec<u8>,
}

/// Why a profile did not arrive, and so what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SinkError {
    /// The next profile may get through.
    Temporary(String),
    /// No profile ever will.
    Permanent(String),
}

/// A receiver of profiles.
pub(crate) trait Sink: Send {
    /// Delivers one profile, complete since the process began.
    ///
    /// # Errors
    /// Says in one line why it did not arrive.
    fn send(&mut self, parcel: &Parcel) -> Result<(), SinkError>;
}
