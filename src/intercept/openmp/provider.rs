//! Which OpenMP library a call is meant for.
//!
//! If there is one behind us when the program starts, it is that for all calls, as without
//! us. Else the loader binds the calls of a library that is opened later to us, though
//! what it needs itself is not behind us but in its own scope: Python's modules bring an
//! OpenMP library each. Then every call is led to the function that its caller's file
//! finds in itself and what it needs, and those answers are remembered by return address.
//! Without that such a program would not lock at all, or in the wrong library, whose
//! locks have another size.
#![allow(unsafe_code, reason = "asks the dynamic loader")]

use std::ffi::{CStr, c_char, c_int, c_void};

use super::super::capture::Caller;
use super::super::guard;
use super::super::table::{self, Target};
use super::known;
use crate::sys;

/// The function behind an exported one, for this call.
#[inline(always)]
pub(crate) fn target(real: &Target, name: &'static CStr, caller: Caller) -> *const c_void {
    let found = real.get();
    if table::is_missing(found) {
        of_caller(name, caller)
    } else {
        found
    }
}

/// Whether a file is loaded that is called like an OpenMP library: libgomp, libomp,
/// libiomp5. One by another name is found when it is called.
pub(crate) fn is_there() -> bool {
    let is_openmp = |path: &Path| {
        let name = path.rsplit(|byte| *byte == b'/').next();
        name.is_some_and(|name| name.windows(3).any(|part| matches!(part, b"omp")))
    };
    paths().any(|path| is_openmp(&path))
}

/// Code has been unloaded: other calls may stand at its addresses.
pub(crate) fn forget_code() {
    known::forget_all();
}

fn of_caller(name: &'static CStr, caller: Caller) -> *const c_void {
    let address = caller.return_address().unwrap_or(0);
    let key = (address as u64) << 16 ^ name.as_ptr() as u64;
    known::target(key)
        .unwrap_or_else(|| look_up(name, address, |target| known::remember(key, target)))
}

#[cold]
#[inline(never)]
fn look_up(name: &CStr, address: usize, remember: impl FnOnce(*const c_void)) -> *const c_void {
    // The loader may allocate: that is not the host's. Its lock is everybody's.
    let _entered = guard::enter();
    let _undisturbed = sys::stay_undisturbed();
    let found = in_file_at(address, name).or_else(|| in_any_file(name));
    // What is missing may come later.
    found.map_or_else(table::missing_function, |found| {
        remember(found);
        found
    })
}

/// In the file that this code is from, and what that needs, as the loader would find it.
fn in_file_at(address: usize, name: &CStr) -> Option<*const c_void> {
    let mut info = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: any address may be asked for, and the place is valid to write to.
    let is_known = unsafe { libc::dladdr(address as *const c_void, info.as_mut_ptr()) } != 0;
    // SAFETY: zeros are a value of it.
    let path = unsafe { info.assume_init() }.dli_fname;
    if is_known && !path.is_null() {
        in_file(path, name)
    } else {
        None
    }
}

/// In whatever file has it: the caller's own was loaded by one that needs it.
fn in_any_file(name: &CStr) -> Option<*const c_void> {
    paths().find_map(|path| in_file(path.as_ptr().cast(), name))
}

/// The paths of all files. Each is asked for by itself: what is done with one may ask the
/// loader, who must not be showing its list then.
fn paths() -> impl Iterator<Item = Path> {
    (0..).map_while(nth_file)
}

/// What is wanted of the loader's list: the path of one file.
struct Wanted {
    left: usize,
    path: Option<Path>,
}

type Path = [u8; 512];

fn nth_file(index: usize) -> Option<Path> {
    let mut wanted = Wanted {
        left: index,
        path: None,
    };
    // SAFETY: `take_path` gets what it asks for.
    unsafe { libc::dl_iterate_phdr(Some(take_path), (&raw mut wanted).cast()) };
    wanted.path
}

/// # Safety
/// As the loader calls it, with the wish.
unsafe extern "C" fn take_path(
    file: *mut libc::dl_phdr_info,
    _size: usize,
    wanted: *mut c_void,
) -> c_int {
    // SAFETY: what `nth_file` passed.
    let wanted = unsafe { &mut *wanted.cast::<Wanted>() };
    if let Some(left) = wanted.left.checked_sub(1) {
        wanted.left = left;
        return 0;
    }
    // SAFETY: the loader's description of one file, for the length of this call.
    let name = unsafe { (*file).dlpi_name };
    let mut path = [0; 512];
    // SAFETY: the loader's names are terminated; null is not asked for.
    let bytes = (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) }.to_bytes());
    // One that is too long stays empty, which stands for the program itself.
    let bytes = bytes
        .filter(|bytes| bytes.len() < path.len())
        .unwrap_or_default();
    path.iter_mut()
        .zip(bytes)
        .for_each(|(to, from)| *to = *from);
    wanted.path = Some(path);
    1
}

/// In a file that is loaded, and what it needs.
fn in_file(path: *const c_char, name: &CStr) -> Option<*const c_void> {
    // SAFETY: the path is terminated.
    let handle = unsafe { libc::dlopen(path, libc::RTLD_LAZY | libc::RTLD_NOLOAD) };
    if handle.is_null() {
        return None;
    }
    // SAFETY: a handle of the loader's, and a terminated name.
    let found = unsafe { libc::dlsym(handle, name.as_ptr()) };
    // SAFETY: the handle from above. The file stays: it was loaded before.
    unsafe { table::dlclose::real(handle) };
    let is_other = !found.is_null() && !table::is_exported(found);
    is_other.then_some(found.cast_const())
}
