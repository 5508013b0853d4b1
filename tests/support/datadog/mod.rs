//! A Datadog Agent to send to, and what it got: taken apart and checked for what every upload must be.

pub(crate) mod expect;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::build;
use super::raw_pprof::RawProfile;
use super::scratch::Scratch;

/// Datadog's own test agent, which accepts everything and keeps it. Ended on drop.
pub(crate) struct Agent {
    child: Child,
    port: u16,
    home: Scratch,
}

impl Agent {
    /// The one of this test process: the tests that run now share it.
    pub(crate) fn shared() -> Arc<Self> {
        static AGENT: Mutex<Weak<Agent>> = Mutex::new(Weak::new());
        let mut shared = AGENT
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(agent) = shared.upgrade() {
            return agent;
        }
        let agent = Arc::new(Self::start());
        *shared = Arc::downgrade(&agent);
        agent
    }

    fn start() -> Self {
        let home = Scratch::new();
        let [port, http, grpc] = free_ports();
        // Bounded, should this process not live to end it.
        let mut command = Command::new("timeout");
        command
            .args(["--kill-after=5", "300"])
            .arg(tool("ddapm-test-agent"));
        for (option, value) in [
            ("--port", port.to_string()),
            ("--otlp-http-port", http.to_string()),
            ("--otlp-grpc-port", grpc.to_string()),
        ] {
            command.arg(option).arg(value);
        }
        let child = command
            .arg("--trace-uds-socket")
            .arg(home.join("apm.socket"))
            .arg("--disable-llmobs-data-forwarding")
            .current_dir(home.path())
            .stdin(Stdio::null())
            .stdout(fs::File::create(home.join("log")).unwrap())
            .stderr(fs::File::create(home.join("errors")).unwrap())
            .spawn()
            .unwrap();
        let mut agent = Self { child, port, home };
        agent.wait_until_ready();
        agent
    }

    fn wait_until_ready(&mut self) {
        let begin = Instant::now();
        while !self.answers() || !self.home.join("apm.socket").exists() {
            let ended = self.child.try_wait().unwrap();
            let errors = || fs::read_to_string(self.home.join("errors")).unwrap();
            assert!(ended.is_none(), "the test agent ended: {}", errors());
            assert!(
                begin.elapsed() < Duration::from_secs(60),
                "the test agent does not answer: {}",
                errors()
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn answers(&self) -> bool {
        let mut answer = [0; 12];
        let asked = TcpStream::connect(("127.0.0.1", self.port)).and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            stream.write_all(b"GET /info HTTP/1.1\r\nhost: localhost\r\n\r\n")?;
            stream.read_exact(&mut answer)
        });
        asked.is_ok() && &answer[9..] == b"200"
    }

    /// `http://127.0.0.1:…`
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// `unix:///…`
    pub(crate) fn socket_url(&self) -> String {
        format!("unix://{}", self.home.join("apm.socket").display())
    }

    /// What processes with this service sent, oldest first.
    pub(crate) fn uploads(&self, service: &str) -> Vec<Upload> {
        let scratch = Scratch::new();
        unpack(&["agent", &self.url(), &path_text(&scratch.join("got"))]);
        let mut uploads: Vec<Upload> = Vec::new();
        for number in 0.. {
            let folder = scratch.join(&format!("got/{number:02}"));
            if !folder.exists() {
                break;
            }
            uploads.push(Upload::read(&folder));
        }
        uploads.retain(|upload| upload.tag("service") == Some(service));
        uploads
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // `timeout` hands it on.
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let _ = self.child.wait();
    }
}

/// A program of the environment that scripts/check makes.
fn tool(name: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let tool = target.join("tools/ddapm-test-agent/bin").join(name);
    assert!(
        tool.exists(),
        "there is no {}; scripts/check installs it (PyPI: ddapm-test-agent)",
        tool.display()
    );
    tool
}

/// Ports that nobody listens on now; they may be taken by the time they are used.
fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

fn path_text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn unpack(arguments: &[&str]) {
    build::run(
        Command::new(tool("python"))
            .arg(build::root().join("tests/support/datadog/unpack.py"))
            .args(arguments),
    );
}

/// One upload.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    /// Method and path.
    pub(crate) request: String,
    /// By name in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// Name, file and content type of each part.
    pub(crate) parts: Vec<String>,
    /// Leaves of the event in their order: way, and value as JSON.
    pub(crate) event: Vec<(String, String)>,
    pub(crate) profile: RawProfile,
    /// The profile as it was sent.
    pub(crate) bytes: Vec<u8>,
}

impl Upload {
    /// A request as it came over the wire.
    pub(crate) fn of_request(head: &str, body: &[u8]) -> Self {
        let scratch = Scratch::new();
        let [head_file, body_file, folder] = ["head", "body", "got"].map(|name| scratch.join(name));
        fs::write(&head_file, head).unwrap();
        fs::write(&body_file, body).unwrap();
        let files = [&head_file, &body_file, &folder].map(|path| path_text(path));
        unpack(&["request", &files[0], &files[1], &files[2]]);
        Self::read(&folder)
    }

    fn read(folder: &Path) -> Self {
        let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        let pairs = |name: &str, separator: &str| -> Vec<(String, String)> {
            text(name)
                .lines()
                .map(|line| line.split_once(separator).unwrap())
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect()
        };
        let bytes = fs::read(folder.join("profile.pprof")).unwrap();
        let headers = pairs("headers", ": ").into_iter();
        Self {
            request: text("request").trim_end().to_owned(),
            headers: headers
                .map(|(name, value)| (name.to_lowercase(), value))
                .collect(),
            parts: text("parts").lines().map(str::to_owned).collect(),
            event: pairs("event", "="),
            profile: RawProfile::read(&bytes),
            bytes,
        }
    }

    /// A leaf of the event, as JSON.
    pub(crate) fn event(&self, way: &str) -> &str {
        let mut leaves = self.event.iter();
        let found = leaves.find(|(known, _)| known == way);
        &found
            .unwrap_or_else(|| panic!("no {way} in {:?}", self.event))
            .1
    }

    /// A text of the event.
    pub(crate) fn event_text(&self, way: &str) -> &str {
        let json = self.event(way);
        let text = json
            .strip_prefix('"')
            .and_then(|json| json.strip_suffix('"'));
        text.unwrap_or_else(|| panic!("{way} is {json}, no text"))
    }

    /// The keys and values of the tags, in their order.
    pub(crate) fn tags(&self) -> Vec<(&str, &str)> {
        let tags = self.event_text("tags_profiler").split(',');
        tags.map(|tag| tag.split_once(':').unwrap()).collect()
    }

    pub(crate) fn tag(&self, key: &str) -> Option<&str> {
        let tags = self.tags();
        let mut values = tags.iter().filter(|(known, _)| *known == key);
        let value = values.next().map(|(_, value)| *value);
        assert_eq!(values.next(), None, "{key} twice");
        value
    }

    /// When the event says that it begins and ends, nanoseconds since 1970, as the
    /// system's own calendar has it.
    pub(crate) fn span_ns(&self) -> (i64, i64) {
        let ns = |way| {
            let text = self.event_text(way);
            let (seconds, fraction) = text.split_once('.').unwrap();
            assert_eq!(fraction.len(), "123456789Z".len(), "{text}");
            let fraction = fraction.strip_suffix('Z').unwrap();
            let mut date = Command::new("date");
            let seconds = build::tool(
                "coreutils",
                date.args(["--utc", "+%s", &format!("--date={seconds}Z")]),
            );
            let seconds: i64 = seconds.trim().parse().unwrap();
            seconds * 1_000_000_000 + fraction.parse::<i64>().unwrap()
        };
        (ns("start"), ns("end"))
    }
}
