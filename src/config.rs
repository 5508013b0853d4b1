//! The environment, read in the constructor and perhaps once more, and what the host must know of it.

use std::ffi::CString;
use std::sync::OnceLock;
use std::time::Duration;

use contract::options::{self, Complaint, Options, Place};

use crate::sys;

/// What sampling needs, without anything that must be looked up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sampling {
    /// Mean acquisitions between two sampled ones.
    pub(crate) period: u32,
    /// Waits at least this long are always kept.
    pub(crate) wait_ns: u64,
    /// Share of a thread's time that sampling may take; 0 is without limit.
    pub(crate) cpu_limit: f64,
    /// Longest stack kept.
    pub(crate) frames_max: usize,
}

impl Sampling {
    fn new(options: &Options) -> Self {
        Self {
            period: u32::try_from(options.sample).unwrap_or(u32::MAX),
            wait_ns: options.wait_sample_ns,
            cpu_limit: options.cpu_limit,
            frames_max: options.max_frames,
        }
    }
}

/// How receivers are reached and trusted: what the usual variables said at the start.
/// Read here, since later the host may be changing its environment.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Network {
    /// The proxy on the way to `http://…`.
    pub(crate) http_proxy: Option<String>,
    /// The proxy on the way to `https://…`.
    pub(crate) https_proxy: Option<String>,
    /// Hosts and domains that are reached without.
    pub(crate) no_proxy: String,
    /// A file of certificates to trust instead of the system's.
    #[cfg_attr(
        not(feature = "tls"),
        allow(dead_code, reason = "nobody else trusts anybody")
    )]
    pub(crate) certificate_file: Option<String>,
    /// Longest time for one request.
    pub(crate) limit: Duration,
}

/// Which kinds of lock, and of other waiting, are profiled.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Locks {
    pub(crate) mutex: bool,
    pub(crate) rwlock: bool,
    pub(crate) spin: bool,
    pub(crate) semaphore: bool,
    pub(crate) cond: bool,
    pub(crate) barrier: bool,
    pub(crate) once: bool,
    pub(crate) join: bool,
    pub(crate) openmp: bool,
    pub(crate) futex: bool,
    pub(crate) file: bool,
}

impl Locks {
    fn new(words: &[&str]) -> Self {
        let has = |word| words.contains(&word);
        Self {
            mutex: has("mutex"),
            rwlock: has("rwlock"),
            spin: has("spin"),
            semaphore: has("semaphore"),
            cond: has("cond"),
            barrier: has("barrier"),
            once: has("once"),
            join: has("join"),
            openmp: has("openmp"),
            futex: has("futex"),
            file: has("file"),
        }
    }
}

/// Everything the process was told, and where it was when it was told.
pub(crate) struct Config {
    pub(crate) options: Options,
    pub(crate) sampling: Sampling,
    pub(crate) locks: Locks,
    /// The executable's name, without its folder.
    pub(crate) executable: String,
    /// Where the process started: relative paths are meant from here.
    pub(crate) folder: Option<std::path::PathBuf>,
    /// `$TMPDIR` at the start.
    pub(crate) temporary: Option<String>,
    pub(crate) network: Network,
}

static CONFIG: OnceLock<Config> = OnceLock::new();
/// What the program said in its own code, after the constructor; once.
static ANEW: OnceLock<Config> = OnceLock::new();
/// What was not understood at first: it is not said twice.
static COMPLAINTS: OnceLock<Vec<Complaint>> = OnceLock::new();

/// Reads the environment. Says what was not understood; the defaults stand in for it.
pub(crate) fn read() -> Vec<Complaint> {
    let (options, complaints) = resolve();
    let executable = std::env::current_exe().ok();
    let executable = executable
        .as_deref()
        .and_then(std::path::Path::file_name)
        .map_or_else(
            || "unknown".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        );
    let _ = CONFIG.set(Config {
        locks: Locks::new(&options.locks),
        network: network(get_variable, upload_limit(&options)),
        sampling: Sampling::new(&options),
        options,
        executable,
        folder: std::env::current_dir().ok(),
        temporary: get_variable("TMPDIR"),
    });
    let _ = COMPLAINTS.set(complaints.clone());
    complaints
}

/// Reads the environment once more, in case the program has changed its own. When it
/// now says something else for the first time, that counts from here on: the answer
/// is what of it was not understood and is new. The caller knows that nobody changes the
/// environment meanwhile.
pub(crate) fn read_anew() -> Option<Vec<Complaint>> {
    let first = CONFIG.get().filter(|_| ANEW.get().is_none())?;
    let (options, mut complaints) = resolve();
    complaints.retain(|complaint| {
        !COMPLAINTS
            .get()
            .is_some_and(|said| said.contains(complaint))
    });
    let network = network(get_variable, upload_limit(&options));
    if options == first.options && network == first.network {
        return None;
    }
    let _ = ANEW.set(Config {
        locks: Locks::new(&options.locks),
        network,
        sampling: Sampling::new(&options),
        options,
        executable: first.executable.clone(),
        folder: first.folder.clone(),
        temporary: first.temporary.clone(),
    });
    Some(complaints)
}

fn resolve() -> (Options, Vec<Complaint>) {
    let (mut options, complaints) = options::resolve(get_variable);
    let places = options.include.iter_mut().chain(&mut options.exclude);
    places.for_each(make_whole);
    (options, complaints)
}

/// Variables that are meant for us and that nobody reads. Asked in the constructor.
pub(crate) fn misspelt() -> impl Iterator<Item = String> {
    let ours = sys::environment_names(options::PREFIX).into_iter();
    ours.filter(|name| !options::is_read(name))
}

fn get_variable(name: &str) -> Option<String> {
    CString::new(name)
        .ok()
        .and_then(|name| sys::environment(&name))
}

fn upload_limit(options: &Options) -> Duration {
    Duration::from_nanos(options.upload_timeout_ns)
}

/// A path among places as the kernel will know it: whole, and without links.
fn make_whole(place: &mut Place) {
    if let Place::File(path) = place
        && let Ok(whole) = std::fs::canonicalize(&path)
    {
        *path = whole.to_string_lossy().into_owned();
    }
}

/// What the usual variables say of the network; small letters win, as everywhere.
fn network(get: impl Fn(&str) -> Option<String>, limit: Duration) -> Network {
    let get = |name: &str| get(name).filter(|value| !value.trim().is_empty());
    let any = || get("all_proxy").or_else(|| get("ALL_PROXY"));
    // In a CGI program this one is a header of whoever asked for the page.
    let is_cgi = get("REQUEST_METHOD").is_some();
    let upper = || get("HTTP_PROXY").filter(|_| !is_cgi);
    Network {
        http_proxy: get("http_proxy").or_else(upper).or_else(any),
        https_proxy: get("https_proxy")
            .or_else(|| get("HTTPS_PROXY"))
            .or_else(any),
        no_proxy: get("no_proxy")
            .or_else(|| get("NO_PROXY"))
            .unwrap_or_default(),
        certificate_file: get("SSL_CERT_FILE"),
        limit,
    }
}

/// What was read; none before the constructor has run.
pub(crate) fn get() -> Option<&'static Config> {
    ANEW.get().or_else(|| CONFIG.get())
}
