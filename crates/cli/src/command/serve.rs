//! `lockprof serve`: the page for browsers on this machine, anew when files change.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ArgMatches;
use tiny_http::{Header, Method, Request, Response, Server};

use crate::args::page::name;
use crate::load;
use crate::output;
use crate::page::Page;

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
    let server = match Server::http((Ipv4Addr::LOCALHOST, port)) {
        Ok(server) => server,
        Err(error) => {
            output::message(&format!("cannot serve on 127.0.0.1:{port}: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let port = server.server_addr().to_ip().map_or(port, |at| at.port());
    // Whoever started us in the background reads the address here.
    if !output::print(&format!("http://127.0.0.1:{port}/\n")) {
        return ExitCode::FAILURE;
    }
    for request in server.incoming_requests() {
        answer(request, port, &given);
    }
    ExitCode::SUCCESS
}

/// Answers one request. A browser that has gone away meanwhile is no matter.
fn answer(request: Request, port: u16, given: &[PathBuf]) {
    let (status, kind, body) = response(&request, port, given);
    let headers = [
        ("Content-Type", kind),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ];
    let mut response = Response::from_string(body).with_status_code(status);
    for (name, value) in headers {
        if let Ok(header) = Header::from_bytes(name, value) {
            response.add_header(header);
        }
    }
    let _ = request.respond(response);
}

/// Status, type and body.
fn response(request: &Request, port: u16, given: &[PathBuf]) -> (u16, &'static str, String) {
    const TEXT: &str = "text/plain; charset=utf-8";
    let host = request.headers().iter().find(|h| h.field.equiv("Host"));
    if !host.is_some_and(|host| is_ours(host.value.as_str(), port)) {
        let body = "only for browsers of this machine, by its own address\n";
        return (403, TEXT, body.to_owned());
    }
    if !matches!(request.method(), Method::Get | Method::Head) {
        return (405, TEXT, "only GET\n".to_owned());
    }
    let version = version(&profiles(given));
    match request.url() {
        "/" => (200, "text/html; charset=utf-8", page(given, &version)),
        "/version" => (200, TEXT, version),
        _ => (404, TEXT, "only /\n".to_owned()),
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
