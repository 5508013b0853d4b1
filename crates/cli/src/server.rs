//! HTTP for browsers of this machine: one request a connection, none of which holds up another.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Connections served at once; browsers open some that they do not use.
const MOST: usize = 64;
/// Longest head of a request, in bytes and in lines.
const HEAD_MAX: usize = 16 << 10;
const HEADERS_MAX: usize = 64;
/// In this time a request is here, an answer gone, and the rest of what was sent read.
const ASKING: Duration = Duration::from_secs(10);
const ANSWERING: Duration = Duration::from_secs(60);
const LEAVING: Duration = Duration::from_secs(2);
/// Rest after the system had no descriptor, or no thread, for a connection.
const SHORT: Duration = Duration::from_millis(100);

/// What is asked for.
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    /// The name that the browser knows us by; none, or several, is none.
    pub(crate) host: Option<String>,
}

/// What is answered.
pub(crate) struct Answer {
    pub(crate) status: Status,
    /// The type of the body.
    pub(crate) kind: &'static str,
    pub(crate) body: String,
}

/// Number and words.
pub(crate) type Status = &'static str;

impl Answer {
    /// A line for people.
    pub(crate) fn line(status: Status, line: &str) -> Self {
        Self {
            status,
            kind: "text/plain; charset=utf-8",
            body: format!("{line}\n"),
        }
    }
}

/// Listens on 127.0.0.1.
pub(crate) fn listen(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
}

/// Answers for ever. Each connection has a thread: what is slow is slow for itself.
pub(crate) fn serve(
    listener: &TcpListener,
    answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
) -> ! {
    let answer = Arc::new(answer);
    let open = Arc::new(Open::default());
    loop {
        // Whoever has gone away before being let in is no matter.
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(SHORT);
            continue;
        };
        let Some(place) = open.enter(stream) else {
            continue;
        };
        let answer = Arc::clone(&answer);
        let thread = thread::Builder::new().name("serve".to_owned());
        if thread.spawn(move || speak(&place, &*answer)).is_err() {
            thread::sleep(SHORT);
        }
    }
}

/// One connection, from the request to the end; one that fails is closed.
fn speak(place: &Place, answer: &impl Fn(&Asked) -> Answer) {
    let stream = &place.client.stream;
    let (asked, answer) = match ask(stream) {
        Ok(asked) => {
            place.client.has_asked.store(true, Ordering::Relaxed);
            let answer = answer(&asked);
            (Some(asked), answer)
        }
        Err(Refused::Silently) => return,
        Err(Refused::With(status)) => (None, Answer::line(status, status)),
    };
    let is_head = asked.is_some_and(|asked| asked.method == "HEAD");
    if send(stream, &answer, is_head).is_ok() {
        leave(stream);
    }
}

/// Why there is no request.
enum Refused {
    Silently,
    With(Status),
}

fn ask(mut stream: &TcpStream) -> Result<Asked, Refused> {
    let end = Instant::now() + ASKING;
    let mut head = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
            // A connection kept for later by a browser has asked for nothing.
            return Err(match head.is_empty() {
                true => Refused::Silently,
                false => Refused::With("408 Request Timeout"),
            });
        }
        match stream.read(&mut piece) {
            Ok(0) => return Err(Refused::Silently),
            Ok(len) => head.extend(piece.get(..len).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if is_late(&error) => continue,
            Err(_) => return Err(Refused::Silently),
        }
        if let Some(asked) = parse(&head)? {
            return Ok(asked);
        }
        if head.len() > HEAD_MAX {
            return Err(Refused::With("431 Request Header Fields Too Large"));
        }
    }
}

/// A request, once its head is whole.
fn parse(head: &[u8]) -> Result<Option<Asked>, Refused> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut headers);
    let status = request.parse(head).map_err(|error| match error {
        httparse::Error::TooManyHeaders => Refused::With("431 Request Header Fields Too Large"),
        _ => Refused::With("400 Bad Request"),
    })?;
    if status.is_partial() {
        return Ok(None);
    }
    let headers = request.headers.iter();
    let mut hosts = headers.filter(|header| header.name.eq_ignore_ascii_case("host"));
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => Some(String::from_utf8_lossy(host.value).into_owned()),
        _ => None,
    };
    Ok(Some(Asked {
        method: request.method.unwrap_or_default().to_owned(),
        path: request.path.unwrap_or_default().to_owned(),
        host,
    }))
}

fn send(mut stream: &TcpStream, answer: &Answer, is_head: bool) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\nCross-Origin-Resource-Policy: same-origin\r\n\
         Connection: close\r\n\r\n",
        answer.status,
        answer.kind,
        answer.body.len()
    );
    let body = if is_head { "" } else { &answer.body };
    let end = Instant::now() + ANSWERING;
    for mut rest in [head.as_bytes(), body.as_bytes()] {
        while !rest.is_empty() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            stream.set_write_timeout(Some(left))?;
            match stream.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(len) => rest = rest.get(len..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::Interrupted || is_late(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// Reads what still comes: to close before would take the answer back from who still sends.
fn leave(mut stream: &TcpStream) {
    let end = Instant::now() + LEAVING;
    let mut rest = [0; 4096];
    if stream.shutdown(Shutdown::Write).is_err() {
        return;
    }
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
            return;
        }
        if !stream.read(&mut rest).is_ok_and(|len| len > 0) {
            return;
        }
    }
}

fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// All connections, the oldest first.
#[derive(Default)]
struct Open(Mutex<Vec<Arc<Client>>>);

struct Client {
    stream: TcpStream,
    has_asked: AtomicBool,
}

/// A connection among the others, until it is dropped.
struct Place {
    client: Arc<Client>,
    open: Arc<Open>,
}

impl Open {
    /// Takes one in. Where there are too many, the one that has taken longest to ask anything
    /// makes way; where all have asked, the new one does.
    fn enter(self: &Arc<Self>, stream: TcpStream) -> Option<Place> {
        let client = Arc::new(Client {
            stream,
            has_asked: AtomicBool::new(false),
        });
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= MOST {
            let has_not_asked = |client: &Arc<Client>| !client.has_asked.load(Ordering::Relaxed);
            let slow = clients.iter().position(has_not_asked)?;
            let _ = clients.remove(slow).stream.shutdown(Shutdown::Both);
        }
        clients.push(Arc::clone(&client));
        let open = Arc::clone(self);
        Some(Place { client, open })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut clients = self.open.0.lock().unwrap_or_else(PoisonError::into_inner);
        clients.retain(|client| !Arc::ptr_eq(client, &self.client));
    }
}
