//! `lockprof serve`: the page for browsers on this machine, anew when files change.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use clap::ArgMatches;

use crate::args::page::name;
use crate::load;
use crate::output;
use crate::page::Page;
use crate::server::{self, Answer, Asked};

/// How profiles are called in a directory.
const ENDINGS: [&str; 2] = [".pb.gz", ".pb"];
/// Under these names, and no other, a browser may ask: a page of another host whose name
/// was made to mean this machine (DNS rebinding) is told nothing.
const HOSTS: [&str; 2] = ["127.0.0.1", "localhost"];

/// Carries out the command; only a signal ends it.
pub(crate) fn serve(matches: &ArgMatches) -> ExitCode {
    let port = matches.get_one::<u16>(name::PORT).copied().unwrap_or(0);
    let given = matches.get_many::<PathBuf>(name::FILES);
    let given: Vec<PathBuf> = given.into_iter().flatten().cloned().collect();
    for path in &given {
        if let Err(error) = fs::metadata(path) {
            output::message(&format!("{}: {}", path.display(), output::reason(&error)));
            return ExitCode::FAILURE;
        }
    }
    let listener = match server::listen(port) {
        Ok(listener) => listener,
        Err(error) => {
            let reason = output::reason(&error);
            output::message(&format!("cannot serve on 127.0.0.1:{port}: {reason}"));
            return ExitCode::FAILURE;
        }
    };
    let port = listener.local_addr().map_or(port, |at| at.port());
    // Whoever started us in the background reads the address here.
    if !output::print(&format!("http://127.0.0.1:{port}/\n")) {
        return ExitCode::FAILURE;
    }
    let one_page = Mutex::new(());
    server::serve(&listener, move |asked| {
        answer(asked, port, &given, &one_page)
    })
}

/// Answers one request. Pages are made one at a time: several would need as much memory more.
fn answer(asked: &Asked, port: u16, given: &[PathBuf], one_page: &Mutex<()>) -> Answer {
    if !asked.host.as_ref().is_some_and(|host| is_ours(host, port)) {
        let line = "only for browsers of this machine, by its own address";
        return Answer::line("403 Forbidden", line);
    }
    if !["GET", "HEAD"].contains(&asked.method.as_str()) {
        return Answer::line("405 Method Not Allowed", "only GET");
    }
    match asked.path.as_str() {
        "/" => {
            let _one = one_page.lock().unwrap_or_else(PoisonError::into_inner);
            Answer {
                status: "200 OK",
                kind: "text/html; charset=utf-8",
                body: page(given, &version(&profiles(given))),
            }
        }
        "/version" => Answer {
            body: version(&profiles(given)),
            ..Answer::line("200 OK", "")
        },
        _ => Answer::line("404 Not Found", "only /"),
    }
}

/// Whether a `Host` header is of this server.
fn is_ours(host: &str, port: u16) -> bool {
    let (name, of_port) = host.rsplit_once(':').unwrap_or((host, "80"));
    HOSTS.contains(&name) && of_port == port.to_string()
}

/// The page as the files are now. `version` was found before they were read: what changes
/// meanwhile is seen the next time.
fn page(given: &[PathBuf], version: &str) -> String {
    let paths = profiles(given);
    let (files, mut problems) = load::load_all(paths.iter().map(PathBuf::as_path));
    if files.is_empty() && problems.is_empty() {
        problems.push("there is no profile here yet".to_owned());
    }
    Page {
        files: &files,
        problems: &problems,
        version: Some(version),
    }
    .render()
}

/// The files, those of directories by name.
fn profiles(given: &[PathBuf]) -> Vec<PathBuf> {
    given.iter().flat_map(|path| expanded(path)).collect()
}

fn expanded(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(path) else {
        return vec![path.to_owned()];
    };
    let is_profile = |path: &PathBuf| {
        // To open a pipe of such a name would wait for ever.
        if !path.is_file() {
            return false;
        }
        let name = path.file_name().map(|name| name.to_string_lossy());
        name.is_some_and(|name| ENDINGS.iter().any(|ending| name.ends_with(ending)))
    };
    let entries = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<PathBuf> = entries.filter(is_profile).collect();
    paths.sort();
    paths
}

/// Changes when a file comes, goes, or is written.
fn version(paths: &[PathBuf]) -> String {
    let mut hash = DefaultHasher::new();
    for path in paths {
        let metadata = fs::metadata(path).ok();
        let state = metadata.map(|now| (now.len(), now.modified().ok()));
        (path, state).hash(&mut hash);
    }
    format!("{:016x}", hash.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_servers_own_address_is_answered() {
        for host in ["127.0.0.1:8000", "localhost:8000"] {
            assert!(is_ours(host, 8000), "{host}");
        }
        for host in [
            "127.0.0.1",
            "127.0.0.1:8001",
            "evil.example:8000",
            "127.0.0.1.evil.example:8000",
            "",
        ] {
            assert!(!is_ours(host, 8000), "{host}");
        }
        assert!(is_ours("localhost", 80));
    }
}
