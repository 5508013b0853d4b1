//! The control socket: where it listens, who may come in, and that its number may be lost.
//!
//! The program may close all descriptors, and may then get the number of ours for a
//! file of its own. So each is known by its inode before it is used, and lies high, where
//! programs that count their descriptors do not look.
#![allow(unsafe_code, reason = "calls into the C library")]

use std::ffi::c_int;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use contract::control;

use crate::export::sink::{Socket, SocketIdentity};
use crate::export::way;
use crate::sys;

/// Time between two looks whether the socket is still ours.
const LOOK_EVERY_MS: c_int = 1000;
/// Where descriptors of ours begin, if the limit allows.
const HIGH: u64 = 512;
/// Rest after the system had no descriptor for a client.
const SHORT_OF_DESCRIPTORS: Duration = Duration::from_millis(200);

/// The socket that listens.
pub(super) struct Listener {
    /// There until it is dropped.
    socket: Option<UnixListener>,
    identity: SocketIdentity,
}

/// A connection that somebody made.
pub(super) struct Client(UnixStream);

impl Listener {
    /// Listens under the name of this process.
    pub(super) fn open() -> io::Result<Self> {
        let link = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
        let name = control::socket_name(
            sys::process_id(),
            control::namespace(&link.to_string_lossy()),
        );
        let address = SocketAddr::from_abstract_name(name)?;
        let socket = UnixListener::from(raised(UnixListener::bind_addr(&address)?.into()));
        // Who comes may be gone again before it is let in.
        socket.set_nonblocking(true)?;
        let identity = SocketIdentity::of(&socket).ok_or_else(io::Error::last_os_error)?;
        LISTENER.keep(socket.as_raw_fd(), identity);
        Ok(Self {
            socket: Some(socket),
            identity,
        })
    }

    /// The next client; none once the program has closed the socket.
    pub(super) fn next(&self) -> Option<Client> {
        let socket = self.socket.as_ref()?;
        while self.is_ours() {
            wait_for_client(socket);
            if way::is_asked_for() || !self.is_ours() {
                break;
            }
            match socket.accept() {
                Ok((stream, _)) => return Some(Client::new(stream)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => thread::sleep(SHORT_OF_DESCRIPTORS),
            }
        }
        None
    }

    fn is_ours(&self) -> bool {
        let now = self.socket.as_ref().and_then(SocketIdentity::of);
        now == Some(self.identity)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Else its number may have become the host's: then it stays as it is.
        if self.is_ours() {
            self.socket = None;
        }
        std::mem::forget(self.socket.take());
        LISTENER.forget();
    }
}

impl Client {
    fn new(stream: UnixStream) -> Self {
        let stream = UnixStream::from(raised(stream.into()));
        if let Some(identity) = SocketIdentity::of(&stream) {
            CLIENT.keep(stream.as_raw_fd(), identity);
        }
        Self(stream)
    }

    /// Whether it is a process of our own user, or root.
    pub(super) fn is_trusted(&self) -> bool {
        // SAFETY: takes nothing, cannot fail.
        let own = unsafe { libc::geteuid() };
        user(&self.0).is_some_and(|user| user == own || user == 0)
    }

    /// To be spoken with; everything may take so long.
    pub(super) fn into_socket(self, limit: Duration) -> io::Result<Socket> {
        // Inherited from the listener on some systems.
        self.0.set_nonblocking(false)?;
        Ok(Socket::of_client(self.0, limit))
    }
}

/// In a forked child: closes what the parent had open, if it still is that. Two system
/// calls each, and no memory: most children only start another program.
pub(super) fn close_inherited() {
    LISTENER.close();
    CLIENT.close();
}

/// Sleeps until somebody comes, or for a while.
fn wait_for_client(socket: &UnixListener) {
    let mut wanted = libc::pollfd {
        fd: socket.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one entry, a valid place to read from and write to.
    let found = unsafe { libc::poll(&raw mut wanted, 1, LOOK_EVERY_MS) };
    if found > 0 && wanted.revents & libc::POLLIN == 0 {
        // Closed under us; nothing would hold up the next look.
        thread::sleep(SHORT_OF_DESCRIPTORS);
    }
}

/// The same socket under a high number; as it is when there is none.
fn raised(socket: OwnedFd) -> OwnedFd {
    let limit = sys::descriptor_limit();
    for from in [HIGH, limit.saturating_sub(1), limit / 2] {
        let from = c_int::try_from(from).unwrap_or(c_int::MAX);
        // SAFETY: takes numbers only.
        let number = unsafe { libc::fcntl(socket.as_raw_fd(), libc::F_DUPFD_CLOEXEC, from) };
        if number >= 0 {
            // SAFETY: just opened, owned by nobody else.
            return unsafe { OwnedFd::from_raw_fd(number) };
        }
    }
    socket
}

/// The user at the other end, as the kernel knows it.
fn user(stream: &UnixStream) -> Option<libc::uid_t> {
    let mut peer = libc::ucred {
        pid: 0,
        uid: libc::uid_t::MAX,
        gid: libc::gid_t::MAX,
    };
    let mut len = libc::socklen_t::try_from(size_of::<libc::ucred>()).ok()?;
    // SAFETY: a place of the size that is said.
    let failed = unsafe {
        libc::getsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut peer).cast(),
            &raw mut len,
        )
    };
    (failed == 0).then_some(peer.uid)
}

static LISTENER: Descriptor = Descriptor::none();
static CLIENT: Descriptor = Descriptor::none();

/// A descriptor that a forked child inherits.
struct Descriptor {
    /// -1 is none.
    number: AtomicI32,
    identity: [AtomicU64; 2],
}

impl Descriptor {
    const fn none() -> Self {
        Self {
            number: AtomicI32::new(-1),
            identity: [const { AtomicU64::new(0) }; 2],
        }
    }

    fn keep(&self, number: c_int, identity: SocketIdentity) {
        for (place, part) in self.identity.iter().zip(identity.numbers()) {
            place.store(part, Ordering::Relaxed);
        }
        // Relaxed: a child sees all of it or, forked in between, closes nothing.
        self.number.store(number, Ordering::Relaxed);
    }

    fn forget(&self) {
        self.number.store(-1, Ordering::Relaxed);
    }

    fn close(&self) {
        let number = self.number.swap(-1, Ordering::Relaxed);
        let kept = self.identity.each_ref().map(|p| p.load(Ordering::Relaxed));
        if number < 0 || SocketIdentity::of(&number).map(SocketIdentity::numbers) != Some(kept) {
            return;
        }
        // SAFETY: by its inode it is ours, and the child has no thread that uses it.
        unsafe { libc::close(number) };
    }
}
