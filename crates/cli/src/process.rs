//! Starting a program, waiting for it and passing signals on: the calls that std
//! does not have. The only unsafe code of the command.
#![allow(
    unsafe_code,
    reason = "only libc has signal dispositions, masks and limits"
)]

use std::ffi::CString;
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use libc::{c_int, c_void, sigaction, siginfo_t, sigset_t};

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// By itself, with this code.
    Code(u8),
    /// By this signal.
    Signal(i32),
}

/// How we treat a signal while the program runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meanwhile {
    /// The terminal sends it to the program as well: that decides, we wait for it.
    Ignored,
    /// It reaches only us when somebody names us: the program shall have it.
    Forwarded,
    /// A parent that ignored it would keep us from learning how the program ended.
    Default,
}

/// All signals that mean something to us.
const SIGNALS: [(c_int, Meanwhile); 7] = [
    (libc::SIGINT, Meanwhile::Ignored),
    (libc::SIGQUIT, Meanwhile::Ignored),
    (libc::SIGTERM, Meanwhile::Forwarded),
    (libc::SIGHUP, Meanwhile::Forwarded),
    (libc::SIGUSR1, Meanwhile::Forwarded),
    (libc::SIGUSR2, Meanwhile::Forwarded),
    (libc::SIGCHLD, Meanwhile::Default),
];

/// The program that signals are passed on to; 0 is none.
static CHILD: AtomicI32 = AtomicI32::new(0);

/// Whether SIGPIPE was ignored when we were started. Rust's runtime ignores it before
/// main, and a program that is started must find what its parent left.
static PIPE_WAS_IGNORED: AtomicBool = AtomicBool::new(false);

/// Runs before Rust's runtime does.
#[used]
// SAFETY: The section holds pointers to functions that the C library calls at start
// with arguments this one does not look at; it needs nothing of Rust's runtime.
#[unsafe(link_section = ".init_array")]
static REMEMBER_SIGPIPE: extern "C" fn() = remember_sigpipe;

extern "C" fn remember_sigpipe() {
    if disposition(libc::SIGPIPE, None).is_ok_and(|old| old.sa_sigaction == libc::SIG_IGN) {
        PIPE_WAS_IGNORED.store(true, Ordering::Relaxed);
    }
}

/// Runs a program to its end. Meanwhile SIGINT and SIGQUIT are left to it, and other
/// requests to end or to report that reach us are passed on to it.
///
/// # Errors
///
/// The program cannot be started.
pub(crate) fn run(command: &mut Command) -> io::Result<Ended> {
    let saved = Saved::take()?;
    // SAFETY: `restore` and what it calls are async-signal-safe (sigaction(2) and
    // sigprocmask(2) on values copied before the fork); they do not allocate.
    unsafe { command.pre_exec(move || saved.restore_for_program()) };
    let result = command.spawn().and_then(|child| wait(child, &saved));
    saved.restore()?;
    result
}

fn wait(mut child: Child, saved: &Saved) -> io::Result<Ended> {
    let pid = c_int::try_from(child.id()).map_err(io::Error::other)?;
    CHILD.store(pid, Ordering::Relaxed);
    set_mask(&saved.mask)?;
    wait_unreaped(child.id())?;
    // From here on the process id may come to mean another process.
    CHILD.store(0, Ordering::Relaxed);
    let status = child.wait()?;
    Ok(match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Code(u8::try_from(code).unwrap_or(u8::MAX)),
        (None, Some(signal)) => Ended::Signal(signal),
        (None, None) => Ended::Code(u8::MAX),
    })
}

/// Waits until a child has ended, and leaves it to be reaped.
fn wait_unreaped(pid: u32) -> io::Result<()> {
    let mut info = MaybeUninit::<siginfo_t>::zeroed();
    loop {
        // SAFETY: The pointer is to memory of the size of a siginfo_t.
        let result = unsafe {
            libc::waitid(
                libc::P_PID,
                pid,
                info.as_mut_ptr(),
                libc::WEXITED | libc::WNOWAIT,
            )
        };
        if result == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// Passes a signal on, unless the kernel sent it: then the whole group has it.
extern "C" fn forward(signal: c_int, info: *mut siginfo_t, _context: *mut c_void) {
    let pid = CHILD.load(Ordering::Relaxed);
    // SAFETY: The kernel hands a handler installed with SA_SIGINFO a valid siginfo_t.
    let code = unsafe { (*info).si_code };
    if pid > 0 && code <= 0 {
        // SAFETY: kill(2) is async-signal-safe and takes no pointers.
        unsafe { libc::kill(pid, signal) };
    }
}

/// How signals were treated when we were started.
#[derive(Clone, Copy)]
struct Saved {
    actions: [sigaction; SIGNALS.len()],
    mask: sigset_t,
    pipe_was_ignored: bool,
}

impl Saved {
    /// Remembers it, and arms what holds while the program runs. The forwarded signals
    /// stay blocked until there is somebody to pass them on to.
    fn take() -> io::Result<Self> {
        let is_forwarded =
            |(signal, meanwhile)| (meanwhile == Meanwhile::Forwarded).then_some(signal);
        let mut saved = Self {
            mask: block(SIGNALS.into_iter().filter_map(is_forwarded))?,
            actions: [default_action(); SIGNALS.len()],
            pipe_was_ignored: PIPE_WAS_IGNORED.load(Ordering::Relaxed),
        };
        for (slot, (signal, meanwhile)) in saved.actions.iter_mut().zip(SIGNALS) {
            *slot = disposition(signal, None)?;
            let action = match meanwhile {
                Meanwhile::Ignored => ignoring_action(),
                // nohup and the like: the program ignores it too, and so do we.
                Meanwhile::Forwarded if slot.sa_sigaction == libc::SIG_IGN => continue,
                Meanwhile::Forwarded => forwarding_action(),
                Meanwhile::Default => default_action(),
            };
            disposition(signal, Some(&action))?;
        }
        Ok(saved)
    }

    fn restore(&self) -> io::Result<()> {
        for (action, (signal, _)) in self.actions.iter().zip(SIGNALS) {
            disposition(signal, Some(action))?;
        }
        set_mask(&self.mask)
    }

    /// As [`Self::restore`], and SIGPIPE as our parent left it. Async-signal-safe.
    fn restore_for_program(&self) -> io::Result<()> {
        if self.pipe_was_ignored {
            disposition(libc::SIGPIPE, Some(&ignoring_action()))?;
        }
        self.restore()
    }
}

fn default_action() -> sigaction {
    // SAFETY: A sigaction is integers, an integer-like set and an optional function
    // pointer; all zeroes are valid and mean SIG_DFL without flags.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

fn ignoring_action() -> sigaction {
    sigaction {
        sa_sigaction: libc::SIG_IGN,
        ..default_action()
    }
}

fn forwarding_action() -> sigaction {
    let handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) = forward;
    sigaction {
        sa_sigaction: handler as *const () as usize,
        sa_flags: libc::SA_SIGINFO | libc::SA_RESTART,
        ..default_action()
    }
}

/// Sets how a signal is treated, if asked to, and returns how it was.
fn disposition(signal: c_int, new: Option<&sigaction>) -> io::Result<sigaction> {
    let new = new.map_or(ptr::null(), ptr::from_ref);
    let mut old = default_action();
    // SAFETY: Both pointers are to a sigaction that outlives the call, or null.
    checked(unsafe { libc::sigaction(signal, new, &raw mut old) })?;
    Ok(old)
}

/// Blocks signals and returns the mask from before.
fn block(signals: impl IntoIterator<Item = c_int>) -> io::Result<sigset_t> {
    let set = set_of(signals);
    let mut old = set_of([]);
    // SAFETY: Both pointers are to signal sets that outlive the call.
    checked(unsafe { libc::sigprocmask(libc::SIG_BLOCK, &raw const set, &raw mut old) })?;
    Ok(old)
}

fn set_mask(mask: &sigset_t) -> io::Result<()> {
    // SAFETY: The pointer is to a signal set; a null pointer says not to tell the old one.
    checked(unsafe { libc::sigprocmask(libc::SIG_SETMASK, mask, ptr::null_mut()) })
}

fn set_of(signals: impl IntoIterator<Item = c_int>) -> sigset_t {
    let mut set = MaybeUninit::<sigset_t>::zeroed();
    // SAFETY: The pointer is to memory of the size of a signal set.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    for signal in signals {
        // SAFETY: As above; sigemptyset has initialised the set.
        unsafe { libc::sigaddset(set.as_mut_ptr(), signal) };
    }
    // SAFETY: sigemptyset has initialised it, and it was zeroed before.
    unsafe { set.assume_init() }
}

fn checked(result: c_int) -> io::Result<()> {
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Ends this process by a signal, as the program was ended, but without a core file of
/// its own. Returns only if the signal does not kill.
pub(crate) fn die_by(signal: i32) {
    let none = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: The pointer is to an rlimit that outlives the call.
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const none) };
    // Where the system pipes core files into a program, the limit does not hold.
    // SAFETY: prctl(2) takes no pointers for this.
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0) };
    let _ = disposition(signal, Some(&default_action()));
    let _ = unblock(signal);
    // SAFETY: raise(3) takes no pointers.
    unsafe { libc::raise(signal) };
}

fn unblock(signal: c_int) -> io::Result<()> {
    let set = set_of([signal]);
    // SAFETY: The pointer is to a signal set; a null pointer says not to tell the old one.
    checked(unsafe { libc::sigprocmask(libc::SIG_UNBLOCK, &raw const set, ptr::null_mut()) })
}

/// Whether files can be made in a folder.
pub(crate) fn is_writable_folder(folder: &Path) -> bool {
    let Ok(path) = CString::new(folder.as_os_str().as_bytes()) else {
        return false;
    };
    // SAFETY: The pointer is to a string that ends with NUL and outlives the call.
    let result = unsafe { libc::access(path.as_ptr(), libc::W_OK | libc::X_OK) };
    result == 0 && folder.is_dir()
}
