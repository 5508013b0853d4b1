//! What differs between processors: a file for each that has gates of its own,
//! one for all others, all with the same names. `--cfg lockprof_portable` takes
//! the latter on any processor, so that it can be tested everywhere.

#[cfg(all(target_arch = "aarch64", not(lockprof_portable)))]
mod aarch64;
#[cfg(any(not(target_arch = "x86_64"), lockprof_portable))]
pub(in crate::intercept) mod no_unwinder;
#[cfg(any(
    not(any(target_arch = "x86_64", target_arch = "aarch64")),
    lockprof_portable
))]
mod portable;
#[cfg(all(target_arch = "x86_64", not(lockprof_portable)))]
mod x86_64;

#[cfg(all(target_arch = "aarch64", not(lockprof_portable)))]
pub(crate) use aarch64::*;
#[cfg(any(
    not(any(target_arch = "x86_64", target_arch = "aarch64")),
    lockprof_portable
))]
pub(crate) use portable::*;
#[cfg(all(target_arch = "x86_64", not(lockprof_portable)))]
pub(crate) use x86_64::*;
