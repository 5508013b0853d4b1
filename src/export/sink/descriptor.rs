//! What the standard library cannot do: connect to a Unix socket in bounded time, know a descriptor again, get secrets.
#![allow(unsafe_code, reason = "calls into the C library")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Which open socket a descriptor stands for. A host that closes all descriptors
/// (daemons do) may get the number of ours for a file of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    device: libc::dev_t,
    inode: libc::ino_t,
}

impl Identity {
    /// What the descriptor stands for now; none when it is closed.
    pub(crate) fn of(descriptor: &impl AsRawFd) -> Option<Self> {
        // SAFETY: all zeros is a valid `stat`.
        let mut status: libc::stat = unsafe { std::mem::zeroed() };
        // SAFETY: a valid place to write to; any number may be asked about.
        let failed = unsafe { libc::fstat(descriptor.as_raw_fd(), &raw mut status) };
        (failed == 0).then_some(Self {
            device: status.st_dev,
            inode: status.st_ino,
        })
    }
}

impl Identity {
    /// As numbers, to be kept where only these can be.
    pub(crate) fn numbers(self) -> [u64; 2] {
        [self.device, self.inode]
    }
}

/// Connects within `limit`, also when nobody takes the connection from the queue.
pub(super) fn connect_unix(path: &Path, limit: Duration) -> io::Result<UnixStream> {
    // SAFETY: takes numbers only.
    let number = unsafe { libc::socket(libc::AF_UNIX, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0) };
    if number < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just opened, owned by nobody else.
    let socket = unsafe { OwnedFd::from_raw_fd(number) };
    let stream = UnixStream::from(socket);
    // It bounds the connecting too (unix(7) says nothing of it, the kernel does it).
    stream.set_write_timeout(Some(limit))?;
    // SAFETY: borrowed from a stream that outlives the call.
    let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
    connect(descriptor, path)?;
    Ok(stream)
}

fn connect(descriptor: BorrowedFd<'_>, path: &Path) -> io::Result<()> {
    // SAFETY: all zeros is a valid address.
    let mut address: libc::sockaddr_un = unsafe { std::mem::zeroed() };
    address.sun_family = libc::sa_family_t::try_from(libc::AF_UNIX).unwrap_or(0);
    let bytes = path.as_os_str().as_bytes();
    if bytes.len() >= address.sun_path.len() {
        return Err(io::Error::other("the path of the socket is too long"));
    }
    for (place, byte) in address.sun_path.iter_mut().zip(bytes) {
        *place = libc::c_char::from_ne_bytes([*byte]);
    }
    let len = libc::socklen_t::try_from(size_of::<libc::sockaddr_un>()).unwrap_or(0);
    // SAFETY: a whole address of its own size; the path in it ends with a zero.
    let failed = unsafe { libc::connect(descriptor.as_raw_fd(), (&raw const address).cast(), len) };
    if failed == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Fills with random bytes that nobody can guess; waits for the kernel to have them.
#[cfg(feature = "tls")]
pub(super) fn fill_with_secrets(mut bytes: &mut [u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        // SAFETY: pointer and length belong to one slice.
        let len = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
        match usize::try_from(len) {
            Ok(len) => bytes = bytes.get_mut(len..).unwrap_or_default(),
            Err(_) => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
    Ok(())
}
