//! `lockprof symbolize` and debuginfod: a server of our own that counts what it is asked for.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use support::native::{build, build_id, file_of, profile_of, strip};
use support::{Scratch, lockprof, stderr, stdout};

/// What is answered to whom: status and body by path.
type Answers = HashMap<String, (u16, Vec<u8>)>;

/// A server on a port of its own, until it is dropped.
struct Server {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn new(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                let path = serve(stream.unwrap(), &answers);
                if path == "/end" {
                    return;
                }
                log.lock().unwrap().push(path);
            }
        });
        Self {
            url,
            asked,
            thread: Some(thread),
        }
    }

    /// The paths that were asked for.
    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// How often this path was asked for.
    fn count(&self, path: &str) -> usize {
        self.asked().iter().filter(|asked| *asked == path).count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let address = self.url.trim_start_matches("http://");
        if let Ok(mut stream) = TcpStream::connect(address) {
            let _ = stream.write_all(b"GET /end HTTP/1.1\r\n\r\n");
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Answers one request and returns its path.
fn serve(mut stream: TcpStream, answers: &Answers) -> String {
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    for line in lines {
        if line.unwrap().is_empty() {
            break;
        }
    }
    let path = first.split(' ').nth(1).unwrap().to_owned();
    let missing = (404, Vec::new());
    let (status, body) = answers.get(&path).unwrap_or(&missing);
    let head = format!(
        "HTTP/1.1 {status} x\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    // A client that refuses what comes may close early.
    let _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body));
    path
}

/// A stripped program, its debug information elsewhere, and where servers have that.
struct Setting {
    scratch: Scratch,
    file: PathBuf,
    debug: Vec<u8>,
    id: String,
    path: String,
}

impl Setting {
    fn new(name: &str) -> Self {
        let scratch = Scratch::new(name);
        let program = build(&scratch, "bank");
        let debug = strip(&program);
        let id = build_id(&program);
        let file = file_of(&scratch, &profile_of(&program));
        fs::rename(&file, scratch.join("raw")).unwrap();
        Self {
            file,
            path: format!("/buildid/{id}/debuginfo"),
            debug: {
                let bytes = fs::read(&debug).unwrap();
                fs::remove_file(debug).unwrap();
                bytes
            },
            id,
            scratch,
        }
    }

    fn cached(&self) -> PathBuf {
        self.scratch.join(&format!("cache/{}/debuginfo", self.id))
    }

    /// Symbolizes the profile as it was at first; whether lines were found, and what was said.
    fn symbolize(&self, urls: Option<&str>) -> (bool, String) {
        fs::copy(self.scratch.join("raw"), &self.file).unwrap();
        let mut command = lockprof();
        command
            .arg("symbolize")
            .arg(&self.file)
            .env("DEBUGINFOD_CACHE_PATH", self.scratch.join("cache"))
            .env_remove("DEBUGINFOD_URLS")
            .env("no_proxy", "127.0.0.1");
        if let Some(urls) = urls {
            command.env("DEBUGINFOD_URLS", urls);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let report = lockprof()
            .args(["report", "--by", "site"])
            .arg(&self.file)
            .output()
            .unwrap();
        (
            stdout(&report).contains("bank::Account::add (bank.cc:"),
            stderr(&output),
        )
    }
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

#[test]
fn debug_information_is_fetched_once_and_then_cached() {
    let setting = Setting::new("fetched");
    let server = Server::new([(setting.path.clone(), (200, setting.debug.clone()))].into());
    let (found, said) = setting.symbolize(Some(&server.url));
    assert!(found, "{said}");
    assert_eq!(server.count(&setting.path), 1);
    assert_eq!(fs::read(setting.cached()).unwrap(), setting.debug);
    let before = server.asked();
    assert!(setting.symbolize(Some(&server.url)).0);
    assert_eq!(
        server.asked(),
        before,
        "everything is known from the first time"
    );
}

#[test]
fn nobody_is_asked_unless_servers_are_named() {
    let setting = Setting::new("opt-in");
    let (found, said) = setting.symbolize(None);
    assert!(!found, "{said}");
    assert!(!setting.scratch.join("cache").exists());
}

#[test]
fn the_next_server_is_asked_when_one_does_not_have_it() {
    let setting = Setting::new("next");
    let first = Server::new(Answers::new());
    let second = Server::new([(setting.path.clone(), (200, setting.debug.clone()))].into());
    // Words for elfutils, and a slash at the end, are no servers and no other path.
    let urls = format!("ima:permissive {}/ {}", first.url, second.url);
    assert!(setting.symbolize(Some(&urls)).0);
    assert_eq!(
        (first.count(&setting.path), second.count(&setting.path)),
        (1, 1)
    );
}

#[test]
fn that_no_server_has_it_is_remembered() {
    let setting = Setting::new("missing");
    let server = Server::new(Answers::new());
    let (found, said) = setting.symbolize(Some(&server.url));
    assert!(!found, "{said}");
    let missing = format!("no debug information for bank ({})", setting.id);
    assert!(said.contains(&missing), "{said}");
    assert_eq!(
        said.lines().count(),
        1,
        "a server without it is no fault: {said}"
    );
    assert_eq!(setting.cached().metadata().unwrap().len(), 0);
    setting.symbolize(Some(&server.url));
    assert_eq!(server.count(&setting.path), 1);
}

#[test]
fn what_a_server_should_not_send_is_refused_in_one_line() {
    let setting = Setting::new("wrong");
    let other = fs::read(env!("CARGO_BIN_EXE_lockprof")).unwrap();
    let cut = setting.debug[..setting.debug.len() / 2].to_vec();
    for (answer, why) in [
        ((200, other), "sent another build, "),
        (
            (200, b"<html>Welcome to our hotel</html>".to_vec()),
            "what it sent no usable ELF file",
        ),
        ((200, Vec::new()), "what it sent no usable ELF file"),
        ((200, cut), "what it sent no usable ELF file"),
        ((500, Vec::new()), "answered 500"),
    ] {
        let server = Server::new([(setting.path.clone(), answer)].into());
        let (found, said) = setting.symbolize(Some(&server.url));
        assert!(!found, "{said}");
        let complaint = format!("lockprof: {}{}: {why}", server.url, setting.path);
        assert!(said.starts_with(&complaint), "{said}");
        let about = said.lines().filter(|line| line.contains(&setting.path));
        assert_eq!(about.count(), 1, "{said}");
        assert!(
            is_empty(setting.cached().parent().unwrap()),
            "nothing of it is kept"
        );
    }
}

#[test]
fn a_server_that_cannot_be_reached_is_told_of() {
    let setting = Setting::new("unreachable");
    let server = Server::new(Answers::new());
    let url = server.url.clone();
    drop(server);
    let (found, said) = setting.symbolize(Some(&url));
    assert!(!found, "{said}");
    assert!(
        said.starts_with(&format!("lockprof: {url}{}: ", setting.path)),
        "{said}"
    );
    assert!(
        !setting.cached().exists(),
        "it is asked again the next time"
    );
}
