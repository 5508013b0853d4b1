//! Debug information from debuginfod servers, kept in the cache that elfutils keeps it in.

use std::env;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use ureq::Agent;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use super::object_file::ObjectFile;
use super::places;
use crate::output;

/// How long a server may take to connect, and to begin its answer or go on with it.
const CONNECT: Duration = Duration::from_secs(10);
const SILENCE_S: u64 = 90;
/// No larger file is fetched, unless DEBUGINFOD_MAXSIZE says otherwise.
const MOST_BYTES: u64 = 4 << 30;
/// So long a server is not asked again for what it did not have, as elfutils has it.
const MISS: Duration = Duration::from_secs(600);

/// Where systems keep the certificates they trust, in one file.
const CERTIFICATES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Servers that may be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Servers {
    /// Their addresses.
    urls: Vec<String>,
    /// Where files are kept.
    cache: PathBuf,
    silence: Duration,
    most_bytes: u64,
}

impl Servers {
    /// Those of DEBUGINFOD_URLS; none where nobody may be asked.
    pub(crate) fn from_environment() -> Option<Self> {
        let value = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let number = |name| value(name)?.parse().ok().filter(|number: &u64| *number > 0);
        let urls: Vec<String> = value("DEBUGINFOD_URLS")?
            .split_ascii_whitespace()
            // Other words there are directives for elfutils.
            .filter(|word| word.starts_with("http://") || word.starts_with("https://"))
            .map(|url| url.trim_end_matches('/').to_owned())
            .collect();
        let folder = |name| env::var_os(name).filter(|path| !path.is_empty());
        let cache = folder("DEBUGINFOD_CACHE_PATH")
            .map(PathBuf::from)
            .or_else(|| {
                let caches = folder("XDG_CACHE_HOME").map(PathBuf::from);
                let caches = caches.or_else(|| Some(Path::new(&folder("HOME")?).join(".cache")));
                Some(caches?.join("debuginfod_client"))
            })?;
        (!urls.is_empty()).then_some(Self {
            urls,
            cache,
            silence: Duration::from_secs(number("DEBUGINFOD_TIMEOUT").unwrap_or(SILENCE_S)),
            most_bytes: number("DEBUGINFOD_MAXSIZE").unwrap_or(MOST_BYTES),
        })
    }

    /// The debug information of this build, from the cache or the first server that has
    /// it; none where none has.
    ///
    /// # Errors
    ///
    /// One line for each server that could not say, and for a cache that cannot be written.
    pub(super) fn fetch(&self, build_id: &str) -> Result<Option<PathBuf>, Vec<String>> {
        if places::split(build_id).is_none() {
            return Ok(None);
        }
        let folder = self.cache.join(build_id);
        let cached = folder.join("debuginfo");
        if let Ok(metadata) = cached.metadata() {
            if metadata.len() > 0 {
                return Ok(Some(cached));
            }
            let age = metadata.modified().ok().map(|time| time.elapsed());
            if age.is_some_and(|age| age.is_ok_and(|age| age < MISS)) {
                return Ok(None);
            }
        }
        let unusable = |error: io::Error| vec![complaint(&folder, &output::reason(&error))];
        fs::create_dir_all(&folder).map_err(unusable)?;
        let mut complaints = Vec::new();
        for url in &self.urls {
            let url = format!("{url}/buildid/{build_id}/debuginfo");
            match self.ask(&url, build_id, &cached) {
                Ok(true) => return Ok(Some(cached)),
                Ok(false) => {}
                Err(reason) => complaints.push(format!("{url}: {reason}")),
            }
        }
        if complaints.is_empty() {
            // An empty file says that nobody had it.
            File::create(&cached).map_err(unusable)?;
            return Ok(None);
        }
        Err(complaints)
    }

    /// Asks one server, and puts what it has into the cache once it is whole and the
    /// right one.
    fn ask(&self, url: &str, build_id: &str, cached: &Path) -> Result<bool, String> {
        let mut answer = self
            .agent(url)?
            .get(url)
            .call()
            .map_err(|error| error.to_string())?;
        match answer.status().as_u16() {
            200 => {}
            404 => return Ok(false),
            status => return Err(format!("answered {status}")),
        }
        let part = cached.with_extension(format!("part-{}", std::process::id()));
        let body = answer.body_mut().with_config().limit(u64::MAX).reader();
        let result = self
            .keep(body, &part)
            .and_then(|()| match ObjectFile::open(&part) {
                Ok(object) if object.build_id == build_id => Ok(()),
                Ok(object) => Err(format!("sent another build, {}", object.build_id)),
                Err(reason) => Err(format!("what it sent {reason}")),
            })
            .and_then(|()| fs::rename(&part, cached).map_err(|error| output::reason(&error)));
        if result.is_err() {
            let _ = fs::remove_file(&part);
        }
        result.map(|()| true)
    }

    /// Writes what comes into a file.
    fn keep(&self, from: impl Read, part: &Path) -> Result<(), String> {
        let mut file = File::create(part).map_err(|error| output::reason(&error))?;
        let len = io::copy(&mut from.take(self.most_bytes.saturating_add(1)), &mut file)
            .map_err(|error| output::reason(&error))?;
        if len > self.most_bytes {
            return Err(format!("sent more than {} bytes", self.most_bytes));
        }
        Ok(())
    }

    fn agent(&self, url: &str) -> Result<Agent, String> {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .user_agent(concat!("lockprof/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(CONNECT))
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(self.silence))
            .timeout_per_read(Some(self.silence));
        if url.starts_with("https://") {
            config = config.tls_config(
                TlsConfig::builder()
                    .root_certs(RootCerts::from(certificates()?))
                    .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
                    .build(),
            );
        }
        Ok(config.build().new_agent())
    }
}

/// Those the system trusts, or those SSL_CERT_FILE names, as for the library.
fn certificates() -> Result<Vec<ureq::tls::Certificate<'static>>, String> {
    let named = env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let mut places = CERTIFICATES.map(PathBuf::from).into_iter();
    let Some(path) = named.or_else(|| places.find(|path| path.is_file())) else {
        return Err("no certificates to trust; SSL_CERT_FILE can name a file of them".to_owned());
    };
    let pem = fs::read(&path).map_err(|error| complaint(&path, &output::reason(&error)))?;
    let found = parse_pem(&pem).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    Ok(found.collect())
}

fn complaint(path: &Path, reason: &str) -> String {
    format!("{}: {reason}", path.display())
}
