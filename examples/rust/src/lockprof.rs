//! What `include/lockprof.h` is to C: its functions, found at run time, where the library is loaded.

use std::ffi::{CStr, c_char, c_int, c_void};

/// What a function answers that is not there.
pub const ABSENT: c_int = -2;

/// Calls the lock at this address by a name in every profile.
pub fn name_lock<T>(lock: *const T, name: &CStr) -> c_int {
    type NameLock = unsafe extern "C" fn(*const c_void, *const c_char) -> c_int;
    let Some(found) = find(c"lockprof_name_lock") else {
        return ABSENT;
    };
    // SAFETY: by the header, a function of this type.
    let function: NameLock = unsafe { std::mem::transmute(found) };
    // SAFETY: the name is terminated, and the address is only remembered.
    unsafe { function(lock.cast(), name.as_ptr()) }
}

/// Writes a profile now.
pub fn flush() -> c_int {
    type Flush = unsafe extern "C" fn() -> c_int;
    let Some(found) = find(c"lockprof_flush") else {
        return ABSENT;
    };
    // SAFETY: by the header, a function of this type.
    let function: Flush = unsafe { std::mem::transmute(found) };
    // SAFETY: it may be called from any thread at any time.
    unsafe { function() }
}

fn find(name: &CStr) -> Option<*mut c_void> {
    // SAFETY: the name is terminated.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!found.is_null()).then_some(found)
}
