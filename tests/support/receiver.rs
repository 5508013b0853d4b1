//! A receiver of profiles that keeps every request as it came, is strict about its form, and fails as it is told to.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What it does with a request. The last act of a script goes on for ever.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Hears it out and answers with a status and further headers, each line ended.
    Answer(u16, &'static str),
    /// Hears it out and never answers.
    Hang,
    /// Closes in the middle of the request, with what it sent unread: a reset.
    Reset,
    /// Hears it out and closes without an answer.
    Close,
    /// Answers a byte each tenth of a second, without end.
    Drip,
    /// Answers with something else than HTTP.
    Garbage,
    /// Answers with these bytes, and closes.
    Says(Vec<u8>),
    /// Answers with the first, and with the second again and again, until nobody listens.
    Floods(&'static [u8], &'static [u8]),
}

/// One request, whole.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) at: Instant,
}

impl Received {
    /// The value of a header that is there once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self
            .headers
            .iter()
            .filter(|(given, _)| given.eq_ignore_ascii_case(name));
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} twice: {:?}", self.headers);
        value
    }
}

/// Where it listens, and what it has heard. It stops when dropped.
pub(crate) struct Receiver {
    url: String,
    socket: Option<PathBuf>,
    heard: Arc<Heard>,
}

#[derive(Default)]
struct Heard {
    requests: Mutex<Vec<Received>>,
    /// What was wrong with the form of requests.
    faults: Mutex<Vec<String>>,
    connections: Mutex<usize>,
    /// Bytes of floods that somebody took, if only the kernel.
    flooded: AtomicUsize,
    is_over: AtomicBool,
}

trait Stream: Read + Write + Send {}

impl<T: Read + Write + Send> Stream for T {}

/// How long it waits for the rest of a request.
const PATIENCE: Duration = Duration::from_secs(5);

impl Receiver {
    /// On a port of this machine.
    pub(crate) fn tcp(script: &[Act]) -> Self {
        Self::on_port("http", script, |stream| Some(Box::new(stream)))
    }

    /// The same, in secret, as whoever `config` says.
    pub(crate) fn tls(config: Arc<ServerConfig>, script: &[Act]) -> Self {
        Self::on_port("https", script, move |stream| {
            let session = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(session, stream);
            while stream.conn.is_handshaking() {
                // Whoever does not trust us hangs up here.
                stream.conn.complete_io(&mut stream.sock).ok()?;
            }
            Some(Box::new(stream))
        })
    }

    fn on_port(
        scheme: &str,
        script: &[Act],
        wrap: impl Fn(TcpStream) -> Option<Box<dyn Stream>> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!(
            "{scheme}://localhost:{}",
            listener.local_addr().unwrap().port()
        );
        let heard = Arc::new(Heard::default());
        let (theirs, script) = (Arc::clone(&heard), script.to_vec());
        thread::spawn(move || {
            for stream in listener.incoming() {
                if theirs.is_over.load(Ordering::Relaxed) {
                    return;
                }
                let stream = stream.unwrap();
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                let act = theirs.next_act(&script);
                if let Some(stream) = wrap(stream) {
                    let theirs = Arc::clone(&theirs);
                    thread::spawn(move || theirs.perform(stream, &act));
                }
            }
        });
        Self {
            url,
            socket: None,
            heard,
        }
    }

    /// On a Unix socket.
    pub(crate) fn unix(path: &Path, script: &[Act]) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let heard = Arc::new(Heard::default());
        let (theirs, script) = (Arc::clone(&heard), script.to_vec());
        thread::spawn(move || {
            for stream in listener.incoming() {
                if theirs.is_over.load(Ordering::Relaxed) {
                    return;
                }
                let stream = stream.unwrap();
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                let (act, theirs) = (theirs.next_act(&script), Arc::clone(&theirs));
                thread::spawn(move || theirs.perform(Box::new(stream), &act));
            }
        });
        let url = format!("unix://{}", path.display());
        Self {
            url,
            socket: Some(path.to_owned()),
            heard,
        }
    }

    /// Its address, without a path.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.url.rsplit_once(':').unwrap().1.parse().unwrap()
    }

    /// The requests so far that were whole and well formed; fails when one was not.
    pub(crate) fn requests(&self) -> Vec<Received> {
        let faults = self.heard.faults.lock().unwrap();
        assert!(faults.is_empty(), "{faults:#?}");
        self.heard.requests.lock().unwrap().clone()
    }

    /// How much of its floods was taken.
    pub(crate) fn flooded(&self) -> usize {
        self.heard.flooded.load(Ordering::Relaxed)
    }

    /// How often somebody connected.
    pub(crate) fn connections(&self) -> usize {
        *self.heard.connections.lock().unwrap()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.heard.is_over.store(true, Ordering::Relaxed);
        // So that it looks.
        match &self.socket {
            Some(path) => drop(UnixStream::connect(path)),
            None => drop(TcpStream::connect(("127.0.0.1", self.port()))),
        }
    }
}

impl Heard {
    fn next_act(&self, script: &[Act]) -> Act {
        let mut connections = self.connections.lock().unwrap();
        let act = script.get(*connections).or(script.last()).unwrap();
        *connections += 1;
        act.clone()
    }

    fn perform(&self, mut stream: Box<dyn Stream>, act: &Act) {
        if matches!(act, Act::Reset) {
            let mut first = [0; 16];
            let _ = stream.read(&mut first);
            return;
        }
        match read_request(&mut *stream) {
            Ok(request) => self.requests.lock().unwrap().push(request),
            Err(fault) => return self.faults.lock().unwrap().push(fault),
        }
        // Whoever asked may have gone.
        let _ = match act {
            Act::Answer(status, headers) => {
                let answer = format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\n{headers}\r\n");
                stream
                    .write_all(answer.as_bytes())
                    .and_then(|()| stream.flush())
            }
            Act::Garbage => stream.write_all(b"220 mail.example ESMTP\r\n"),
            Act::Says(bytes) => stream.write_all(bytes).and_then(|()| stream.flush()),
            Act::Floods(first, then) => self.flood(&mut *stream, first, then),
            Act::Drip => self.drip(&mut *stream),
            Act::Hang => {
                while !self.is_over.load(Ordering::Relaxed) {
                    thread::sleep(Duration::from_millis(20));
                }
                Ok(())
            }
            Act::Reset | Act::Close => Ok(()),
        };
    }

    fn flood(&self, stream: &mut dyn Stream, first: &[u8], then: &[u8]) -> io::Result<()> {
        stream.write_all(first)?;
        while !self.is_over.load(Ordering::Relaxed) {
            stream.write_all(then)?;
            self.flooded.fetch_add(then.len(), Ordering::Relaxed);
        }
        Ok(())
    }

    fn drip(&self, stream: &mut dyn Stream) -> io::Result<()> {
        stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
        while !self.is_over.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(100));
            stream.write_all(b"X")?;
        }
        Ok(())
    }
}

/// Reads one request; says what is wrong with its form.
fn read_request(stream: &mut dyn Stream) -> Result<Received, String> {
    let mut bytes = Vec::new();
    let head_len = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        more(stream, &mut bytes)?;
    };
    let head = String::from_utf8(bytes[..head_len].to_vec()).map_err(|e| e.to_string())?;
    let mut lines = head.split("\r\n");
    let line = lines.next().unwrap_or("").to_owned();
    let mut headers = Vec::new();
    for header in lines {
        let (name, value) = header
            .split_once(": ")
            .ok_or(format!("header {header:?}"))?;
        let is_token = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if !name.chars().all(is_token) || value.contains(|c: char| c.is_control()) {
            return Err(format!("header {header:?}"));
        }
        headers.push((name.to_owned(), value.to_owned()));
    }
    let mut request = Received {
        line,
        headers,
        body: Vec::new(),
        at: Instant::now(),
    };
    for needed in ["Host", "User-Agent", "Content-Length"] {
        request
            .header(needed)
            .ok_or(format!("no {needed}: {request:?}"))?;
    }
    let len = request
        .header("Content-Length")
        .and_then(|text| text.parse().ok());
    let len: usize = len.ok_or("a length that is none")?;
    while bytes.len() < head_len + 4 + len {
        more(stream, &mut bytes)?;
    }
    request.body = bytes.split_off(head_len + 4);
    if request.body.len() == len {
        Ok(request)
    } else {
        Err(format!("{} bytes instead of {len}", request.body.len()))
    }
}

fn more(stream: &mut dyn Stream, bytes: &mut Vec<u8>) -> Result<(), String> {
    let mut piece = [0; 4096];
    match stream.read(&mut piece) {
        Ok(0) => Err(format!("ended after {} bytes", bytes.len())),
        Ok(len) => {
            bytes.extend_from_slice(&piece[..len]);
            Ok(())
        }
        Err(error) => Err(format!("after {} bytes: {error}", bytes.len())),
    }
}
