//! The functions we interpose, one row each.
//!
//! From a row come: the exported symbol, the slot it jumps through, the typed
//! call of the real function, and the place where symbol.rs looks it up. The
//! tests read the rows too.
#![allow(
    unsafe_code,
    reason = "exports C symbols and calls what stands behind them"
)]
#![cfg_attr(
    test,
    allow(dead_code, reason = "exported functions stay at home in unit tests")
)]

use std::ffi::{CStr, c_char, c_int, c_long, c_uint, c_void};
use std::sync::atomic::{AtomicPtr, Ordering};

use libc::{
    clockid_t, mode_t, off_t, pthread_attr_t, pthread_barrier_t, pthread_barrierattr_t,
    pthread_cond_t, pthread_condattr_t, pthread_mutex_t, pthread_mutexattr_t, pthread_once_t,
    pthread_rwlock_t, pthread_rwlockattr_t, pthread_spinlock_t, pthread_t, sem_t, timespec,
};

use super::arch::{early, entry, gate};
use super::capture::Caller;
use super::interface::{C11, Posix};
use super::openmp::lock::{self as omp, Nestable, NestableFortran, OmpLock, Simple, SimpleFortran};
use super::openmp::{critical, provider};
use super::rwlock::{self, Reading, Writing};
use super::sandbox::unwaited;
use super::spin::{self, Spinning};
use super::{
    barrier, cond, file_lock, flat, futex, join, mutex, once, sandbox, sem, signal, symbol, thread,
};

/// Where a call goes, or where the real function is. Read on every call of the
/// host without a test for null: it always holds something callable.
#[repr(transparent)]
pub(crate) struct Target(AtomicPtr<c_void>);

impl Target {
    pub(crate) const fn new(function: *const c_void) -> Self {
        Self(AtomicPtr::new(function.cast_mut()))
    }

    /// What it leads to.
    #[inline(always)]
    pub(crate) fn get(&self) -> *const c_void {
        // Relaxed here and below: code is not data; every value ever stored is
        // a function that may be called at any time.
        self.0.load(Ordering::Relaxed)
    }

    /// Leads it elsewhere.
    pub(crate) fn set(&self, function: *const c_void) {
        self.0.store(function.cast_mut(), Ordering::Relaxed);
    }
}

/// What is profiled, or not, as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// No kind of lock: what all of them need.
    Always,
    Mutex,
    Rwlock,
    Spin,
    Semaphore,
    /// What splits the hold of a mutex, and is a wait of its own.
    CondWait,
    /// Whatever else is about conditions.
    Cond,
    Barrier,
    Once,
    Join,
    Futex,
    File,
    /// Of a library that may not be there, or come later; see openmp/provider.rs.
    OpenMp,
}

/// What is known about one interposed function.
pub(crate) struct Row {
    /// Terminated name.
    pub(crate) name: &'static str,
    /// Which kind of lock it is about.
    pub(crate) family: Family,
    /// Whether it belongs to the condition functions that exist in two versions.
    pub(crate) two_versions: bool,
    /// What the exported symbol jumps through.
    pub(crate) slot: &'static Target,
    /// The real function.
    pub(crate) real: &'static Target,
    /// The gate to put into the slot while we profile.
    gate: *const c_void,
    /// The one that finds out where the real function is, if it is not known.
    late_gate: *const c_void,
    /// What stands in the slot while we do not profile, if that is not the real function.
    past: *const c_void,
    /// What the host calls.
    exported: *const c_void,
}

impl Row {
    /// What to put into the slot while we profile.
    pub(crate) fn way_through(&self) -> *const c_void {
        if self.may_come_late() {
            self.late_gate
        } else {
            self.gate
        }
    }

    /// What to put into the slot while we do not: the real function. Where that is in
    /// another library for each caller, only a gate can tell; and what a program forbids
    /// itself is looked at in any case.
    pub(crate) fn way_past(&self) -> *const c_void {
        if self.may_come_late() {
            self.late_gate
        } else if self.past.is_null() {
            self.real.get()
        } else {
            self.past
        }
    }

    /// Whether there is none behind us, but there may be for some callers.
    fn may_come_late(&self) -> bool {
        self.family == Family::OpenMp && is_missing(self.real.get())
    }
}

// SAFETY: the only pointer in it is the address of a function.
unsafe impl Sync for Row {}

/// What a real function is until it is found, and stays if this C library has
/// none: "not implemented".
extern "C" fn missing() -> c_int {
    libc::ENOSYS
}

/// That one.
pub(crate) fn missing_function() -> *const c_void {
    missing as *const c_void
}

/// Whether it is that one.
#[inline(always)]
pub(crate) fn is_missing(function: *const c_void) -> bool {
    function == missing_function()
}

/// Whether it is one of ours that the host calls.
pub(crate) fn is_exported(function: *const c_void) -> bool {
    ROWS.iter().any(|row| row.exported == function)
}

macro_rules! hooks {
    ($($family:ident { $(
        $(#[$version:ident])?
        fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty
            => $shape:ident $body:tt $(late $late:tt)? $(past $past:tt)?;
    )* })*) => {
        $($(
            #[allow(non_snake_case, reason = "named like the function")]
            pub(crate) mod $name {
                use super::*;

                pub(crate) static SLOT: Target = Target::new(early_entry as *const c_void);
                pub(crate) static REAL: Target = Target::new(missing as *const c_void);

                entry! {
                    /// The exported symbol. Unit tests keep it to themselves.
                    #[cfg_attr(not(test), unsafe(no_mangle))]
                    pub(crate) fn $name($($argument: $type),*) -> $result => SLOT
                }

                early! {
                    fn early_entry($($argument: $type),*) -> $result => symbol::resolve_all, SLOT
                }

                hooks!(@gate $shape fn gate($($argument: $type),*) -> $result, $body);

                hooks!(@late_gate fn late_gate($($argument: $type),*) -> $result; $($late)?);

                /// The real function.
                ///
                /// # Safety
                /// As for the C function of this name.
                #[inline(always)]
                #[allow(dead_code, reason = "some rows are only passed through")]
                pub(crate) unsafe fn real($($argument: $type),*) -> $result {
                    // SAFETY: symbol.rs stores only the function of this name, whose
                    // type this is; before that it is `missing`. The rest is the
                    // caller's part.
                    unsafe { call_at(REAL.get(), $($argument),*) }
                }

                /// The function of this name in a library that this call is meant for.
                #[allow(dead_code, reason = "most functions are in one library only")]
                #[inline(always)]
                pub(crate) fn target(caller: Caller) -> *const c_void {
                    const NAME: &CStr = match CStr::from_bytes_with_nul(
                        concat!(stringify!($name), "\0").as_bytes(),
                    ) {
                        Ok(name) => name,
                        Err(_) => c"",
                    };
                    provider::target(&REAL, NAME, caller)
                }

                /// Calls one of the functions of this name.
                ///
                /// # Safety
                /// As for the C function of this name, which `function` must be, or
                /// `missing`, which ignores its arguments and returns a code.
                #[inline(always)]
                #[allow(dead_code, reason = "some rows are only passed through")]
                #[allow(clippy::too_many_arguments, reason = "as many as the function has")]
                pub(crate) unsafe fn call_at(
                    function: *const c_void,
                    $($argument: $type),*
                ) -> $result {
                    type Function = unsafe extern "C-unwind" fn($($type),*) -> $result;
                    // SAFETY: the caller's part.
                    let function: Function = unsafe { std::mem::transmute(function) };
                    // SAFETY: the caller's part.
                    unsafe { function($($argument),*) }
                }
            }
        )*)*

        /// All rows.
        pub(crate) static ROWS: &[Row] = &[
            $($(Row {
                name: concat!(stringify!($name), "\0"),
                family: Family::$family,
                two_versions: hooks!(@version $($version)?),
                slot: &$name::SLOT,
                real: &$name::REAL,
                gate: hooks!(@way $shape $name $body) as *const c_void,
                late_gate: hooks!(@late $shape $name $body $($late)?) as *const c_void,
                past: hooks!(@past $($past)?),
                exported: $name::$name as *const c_void,
            },)*)*
        ];
    };
    (@version two_versions) => { true };
    (@version) => { false };
    (@gate straight $($rest:tt)*) => {};
    (@gate $shape:ident fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty, $body:tt) => {
        gate! {
            pub(crate) fn $name($($argument: $type),*) -> $result => $shape $body
        }
    };
    (@way straight $name:ident { $function:path }) => { $function };
    (@way $shape:ident $name:ident $body:tt) => { $name::gate };
    (@past { $function:path }) => { $function as *const c_void };
    (@past) => { std::ptr::null() };
    (@late_gate fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty; $late:tt) => {
        gate! {
            pub(crate) fn $name($($argument: $type),*) -> $result => call $late
        }
    };
    (@late_gate fn $name:ident $arguments:tt -> $result:ty;) => {};
    (@late $shape:ident $name:ident $body:tt $late:tt) => { $name::late_gate };
    (@late $shape:ident $name:ident $body:tt) => { hooks!(@way $shape $name $body) };
}

/// `mtx_t`, which glibc lays out as a `pthread_mutex_t`.
pub(crate) type Mtx = pthread_mutex_t;
/// `cnd_t`, which glibc lays out as a `pthread_cond_t`.
pub(crate) type Cnd = pthread_cond_t;
/// What a thread runs.
pub(crate) type Start = Option<unsafe extern "C-unwind" fn(*mut c_void) -> *mut c_void>;
/// What runs once.
pub(crate) type Routine = Option<unsafe extern "C-unwind" fn()>;

hooks! {
    Mutex {
        fn pthread_mutex_init(mutex: *mut pthread_mutex_t, attributes: *const pthread_mutexattr_t) -> c_int
            => call { mutex::init };
        fn pthread_mutex_destroy(mutex: *mut pthread_mutex_t) -> c_int
            => call { mutex::destroy };
        fn pthread_mutex_lock(mutex: *mut pthread_mutex_t) -> c_int
            => acquire { try: pthread_mutex_trylock, sampled: mutex::lock_sampled::<Posix>, unsettled: mutex::lock_unsettled::<Posix> };
        fn pthread_mutex_trylock(mutex: *mut pthread_mutex_t) -> c_int
            => attempt { real: pthread_mutex_trylock, sampled: mutex::trylock_sampled::<Posix> };
        fn pthread_mutex_timedlock(mutex: *mut pthread_mutex_t, until: *const timespec) -> c_int
            => call { mutex::timedlock };
        fn pthread_mutex_clocklock(mutex: *mut pthread_mutex_t, clock: clockid_t, until: *const timespec) -> c_int
            => call { mutex::clocklock };
        fn pthread_mutex_unlock(mutex: *mut pthread_mutex_t) -> c_int
            => release { real: pthread_mutex_unlock, held: mutex::unlock_held::<Posix> };

        fn mtx_init(mutex: *mut Mtx, properties: c_int) -> c_int
            => call { mutex::mtx_init };
        fn mtx_destroy(mutex: *mut Mtx) -> c_int
            => call { mutex::mtx_destroy };
        fn mtx_lock(mutex: *mut Mtx) -> c_int
            => acquire { try: mtx_trylock, sampled: mutex::lock_sampled::<C11>, unsettled: mutex::lock_unsettled::<C11> };
        fn mtx_trylock(mutex: *mut Mtx) -> c_int
            => attempt { real: mtx_trylock, sampled: mutex::trylock_sampled::<C11> };
        fn mtx_timedlock(mutex: *mut Mtx, until: *const timespec) -> c_int
            => call { mutex::mtx_timedlock };
        fn mtx_unlock(mutex: *mut Mtx) -> c_int
            => release { real: mtx_unlock, held: mutex::unlock_held::<C11> };
    }

    CondWait {
        #[two_versions]
        fn pthread_cond_wait(condition: *mut pthread_cond_t, mutex: *mut pthread_mutex_t) -> c_int
            => call { cond::wait };
        #[two_versions]
        fn pthread_cond_timedwait(condition: *mut pthread_cond_t, mutex: *mut pthread_mutex_t, until: *const timespec) -> c_int
            => call { cond::timedwait };
        fn pthread_cond_clockwait(condition: *mut pthread_cond_t, mutex: *mut pthread_mutex_t, clock: clockid_t, until: *const timespec) -> c_int
            => call { cond::clockwait };
        fn cnd_wait(condition: *mut Cnd, mutex: *mut Mtx) -> c_int
            => call { cond::cnd_wait };
        fn cnd_timedwait(condition: *mut Cnd, mutex: *mut Mtx, until: *const timespec) -> c_int
            => call { cond::cnd_timedwait };
    }

    Cond {
        #[two_versions]
        fn pthread_cond_init(condition: *mut pthread_cond_t, attributes: *const pthread_condattr_t) -> c_int
            => call { signal::init };
        #[two_versions]
        fn pthread_cond_signal(condition: *mut pthread_cond_t) -> c_int
            => call { signal::signal };
        #[two_versions]
        fn pthread_cond_broadcast(condition: *mut pthread_cond_t) -> c_int
            => call { signal::broadcast };
        fn cnd_init(condition: *mut Cnd) -> c_int
            => call { signal::cnd_init };
        fn cnd_signal(condition: *mut Cnd) -> c_int
            => call { signal::cnd_signal };
        fn cnd_broadcast(condition: *mut Cnd) -> c_int
            => call { signal::cnd_broadcast };
    }

    Rwlock {
        fn pthread_rwlock_init(lock: *mut pthread_rwlock_t, attributes: *const pthread_rwlockattr_t) -> c_int
            => call { rwlock::init };
        fn pthread_rwlock_destroy(lock: *mut pthread_rwlock_t) -> c_int
            => call { rwlock::destroy };
        fn pthread_rwlock_rdlock(lock: *mut pthread_rwlock_t) -> c_int
            => acquire { try: pthread_rwlock_tryrdlock, sampled: flat::lock_sampled::<Reading>, unsettled: flat::lock_unsettled::<Reading> };
        fn pthread_rwlock_wrlock(lock: *mut pthread_rwlock_t) -> c_int
            => acquire { try: pthread_rwlock_trywrlock, sampled: flat::lock_sampled::<Writing>, unsettled: flat::lock_unsettled::<Writing> };
        fn pthread_rwlock_tryrdlock(lock: *mut pthread_rwlock_t) -> c_int
            => attempt { real: pthread_rwlock_tryrdlock, sampled: flat::trylock_sampled::<Reading> };
        fn pthread_rwlock_trywrlock(lock: *mut pthread_rwlock_t) -> c_int
            => attempt { real: pthread_rwlock_trywrlock, sampled: flat::trylock_sampled::<Writing> };
        fn pthread_rwlock_timedrdlock(lock: *mut pthread_rwlock_t, until: *const timespec) -> c_int
            => call { rwlock::timedrdlock };
        fn pthread_rwlock_timedwrlock(lock: *mut pthread_rwlock_t, until: *const timespec) -> c_int
            => call { rwlock::timedwrlock };
        fn pthread_rwlock_clockrdlock(lock: *mut pthread_rwlock_t, clock: clockid_t, until: *const timespec) -> c_int
            => call { rwlock::clockrdlock };
        fn pthread_rwlock_clockwrlock(lock: *mut pthread_rwlock_t, clock: clockid_t, until: *const timespec) -> c_int
            => call { rwlock::clockwrlock };
        fn pthread_rwlock_unlock(lock: *mut pthread_rwlock_t) -> c_int
            => release_rwlock { real: pthread_rwlock_unlock, held: rwlock::unlock_held };
    }

    Spin {
        fn pthread_spin_init(lock: *mut pthread_spinlock_t, shared: c_int) -> c_int
            => call { spin::init };
        fn pthread_spin_destroy(lock: *mut pthread_spinlock_t) -> c_int
            => call { spin::destroy };
        fn pthread_spin_lock(lock: *mut pthread_spinlock_t) -> c_int
            => acquire { try: pthread_spin_trylock, sampled: flat::lock_sampled::<Spinning>, unsettled: flat::lock_unsettled::<Spinning> };
        fn pthread_spin_trylock(lock: *mut pthread_spinlock_t) -> c_int
            => attempt { real: pthread_spin_trylock, sampled: flat::trylock_sampled::<Spinning> };
        fn pthread_spin_unlock(lock: *mut pthread_spinlock_t) -> c_int
            => release_held { real: pthread_spin_unlock, held: spin::unlock_held };
    }

    Semaphore {
        fn sem_init(semaphore: *mut sem_t, shared: c_int, value: c_uint) -> c_int
            => call { sem::init };
        fn sem_destroy(semaphore: *mut sem_t) -> c_int
            => call { sem::destroy };
        fn sem_open(name: *const c_char, flags: c_int, mode: mode_t, value: c_uint) -> *mut sem_t
            => call { sem::open };
        fn sem_close(semaphore: *mut sem_t) -> c_int
            => call { sem::close };
        fn sem_wait(semaphore: *mut sem_t) -> c_int
            => acquire_sem { real: sem_wait, sampled: sem::wait_sampled, unsettled: sem::wait_unsettled };
        fn sem_trywait(semaphore: *mut sem_t) -> c_int
            => attempt { real: sem_trywait, sampled: sem::trywait_sampled };
        fn sem_timedwait(semaphore: *mut sem_t, until: *const timespec) -> c_int
            => call { sem::timedwait };
        fn sem_clockwait(semaphore: *mut sem_t, clock: clockid_t, until: *const timespec) -> c_int
            => call { sem::clockwait };
        fn sem_post(semaphore: *mut sem_t) -> c_int
            => release_sem { real: sem_post, held: sem::post_held };
    }

    Barrier {
        fn pthread_barrier_init(barrier: *mut pthread_barrier_t, attributes: *const pthread_barrierattr_t, count: c_uint) -> c_int
            => call { barrier::init };
        fn pthread_barrier_wait(barrier: *mut pthread_barrier_t) -> c_int
            => call { barrier::wait };
    }

    Once {
        fn pthread_once(control: *mut pthread_once_t, routine: Routine) -> c_int
            => call { once::once };
        fn call_once(control: *mut pthread_once_t, routine: Routine) -> c_int
            => call { once::call_once };
    }

    Join {
        fn pthread_join(id: pthread_t, result: *mut *mut c_void) -> c_int
            => call { join::join };
        fn pthread_timedjoin_np(id: pthread_t, result: *mut *mut c_void, until: *const timespec) -> c_int
            => call { join::timedjoin };
        fn pthread_clockjoin_np(id: pthread_t, result: *mut *mut c_void, clock: clockid_t, until: *const timespec) -> c_int
            => call { join::clockjoin };
        fn thrd_join(id: pthread_t, result: *mut c_int) -> c_int
            => call { join::thrd_join };
    }

    Futex {
        // Variadic: behind the number come up to six arguments, in which the C library
        // hands on whatever is there.
        fn syscall(number: c_long, a: usize, b: usize, c: usize, d: usize, e: usize, f: usize) -> c_long
            => futex { real: unwaited, handler: futex::futex } past { sandbox::syscall };
    }

    File {
        fn flock(file: c_int, operation: c_int) -> c_int
            => call { file_lock::flock };
        // Variadic: some commands have no argument, and then it is whatever is there.
        fn fcntl(file: c_int, command: c_int, argument: *mut c_void) -> c_int
            => call { file_lock::fcntl };
        fn fcntl64(file: c_int, command: c_int, argument: *mut c_void) -> c_int
            => call { file_lock::fcntl64 };
        fn lockf(file: c_int, command: c_int, len: off_t) -> c_int
            => call { file_lock::lockf };
        fn lockf64(file: c_int, command: c_int, len: off_t) -> c_int
            => call { file_lock::lockf64 };
    }

    // What they return is nothing, but where they answer how deep a lock is held.
    OpenMp {
        fn omp_init_lock(lock: *mut OmpLock) -> c_int
            => call { omp::omp_init_lock };
        fn omp_init_lock_with_hint(lock: *mut OmpLock, hint: usize) -> c_int
            => call { omp::omp_init_lock_with_hint };
        fn omp_destroy_lock(lock: *mut OmpLock) -> c_int
            => call { omp::omp_destroy_lock };
        fn omp_set_lock(lock: *mut OmpLock) -> c_int
            => acquire_by_test { test: omp_test_lock, sampled: omp::set_sampled::<Simple>, unsettled: omp::set_unsettled::<Simple> }
            late { omp::set_late::<Simple> };
        fn omp_test_lock(lock: *mut OmpLock) -> c_int
            => attempt { real: omp_test_lock, sampled: omp::test_sampled::<Simple> }
            late { omp::test_late::<Simple> };
        fn omp_unset_lock(lock: *mut OmpLock) -> c_int
            => release_openmp { real: omp_unset_lock, held: omp::unset_held::<Simple> }
            late { omp::unset_held::<Simple> };
        fn omp_init_nest_lock(lock: *mut OmpLock) -> c_int
            => call { omp::omp_init_nest_lock };
        fn omp_init_nest_lock_with_hint(lock: *mut OmpLock, hint: usize) -> c_int
            => call { omp::omp_init_nest_lock_with_hint };
        fn omp_destroy_nest_lock(lock: *mut OmpLock) -> c_int
            => call { omp::omp_destroy_nest_lock };
        fn omp_set_nest_lock(lock: *mut OmpLock) -> c_int
            => acquire_by_test { test: omp_test_nest_lock, sampled: omp::set_sampled::<Nestable>, unsettled: omp::set_unsettled::<Nestable> }
            late { omp::set_late::<Nestable> };
        fn omp_test_nest_lock(lock: *mut OmpLock) -> c_int
            => attempt { real: omp_test_nest_lock, sampled: omp::test_sampled::<Nestable> }
            late { omp::test_late::<Nestable> };
        fn omp_unset_nest_lock(lock: *mut OmpLock) -> c_int
            => release_openmp { real: omp_unset_nest_lock, held: omp::unset_held::<Nestable> }
            late { omp::unset_held::<Nestable> };
        fn omp_init_lock_(lock: *mut OmpLock) -> c_int
            => call { omp::omp_init_lock_ };
        fn omp_destroy_lock_(lock: *mut OmpLock) -> c_int
            => call { omp::omp_destroy_lock_ };
        fn omp_set_lock_(lock: *mut OmpLock) -> c_int
            => acquire_by_test { test: omp_test_lock_, sampled: omp::set_sampled::<SimpleFortran>, unsettled: omp::set_unsettled::<SimpleFortran> }
            late { omp::set_late::<SimpleFortran> };
        fn omp_test_lock_(lock: *mut OmpLock) -> c_int
            => attempt { real: omp_test_lock_, sampled: omp::test_sampled::<SimpleFortran> }
            late { omp::test_late::<SimpleFortran> };
        fn omp_unset_lock_(lock: *mut OmpLock) -> c_int
            => release_openmp { real: omp_unset_lock_, held: omp::unset_held::<SimpleFortran> }
            late { omp::unset_held::<SimpleFortran> };
        fn omp_init_nest_lock_(lock: *mut OmpLock) -> c_int
            => call { omp::omp_init_nest_lock_ };
        fn omp_destroy_nest_lock_(lock: *mut OmpLock) -> c_int
            => call { omp::omp_destroy_nest_lock_ };
        fn omp_set_nest_lock_(lock: *mut OmpLock) -> c_int
            => acquire_by_test { test: omp_test_nest_lock_, sampled: omp::set_sampled::<NestableFortran>, unsettled: omp::set_unsettled::<NestableFortran> }
            late { omp::set_late::<NestableFortran> };
        fn omp_test_nest_lock_(lock: *mut OmpLock) -> c_int
            => attempt { real: omp_test_nest_lock_, sampled: omp::test_sampled::<NestableFortran> }
            late { omp::test_late::<NestableFortran> };
        fn omp_unset_nest_lock_(lock: *mut OmpLock) -> c_int
            => release_openmp { real: omp_unset_nest_lock_, held: omp::unset_held::<NestableFortran> }
            late { omp::unset_held::<NestableFortran> };
        fn GOMP_critical_start() -> c_int
            => call { critical::GOMP_critical_start::pass } late { critical::GOMP_critical_start::late };
        fn GOMP_critical_end() -> c_int
            => call { critical::GOMP_critical_end::pass } late { critical::GOMP_critical_end::late };
        fn GOMP_critical_name_start(name: *mut *mut c_void) -> c_int
            => call { critical::GOMP_critical_name_start::pass } late { critical::GOMP_critical_name_start::late };
        fn GOMP_critical_name_end(name: *mut *mut c_void) -> c_int
            => call { critical::GOMP_critical_name_end::pass } late { critical::GOMP_critical_name_end::late };
        fn __kmpc_critical(place: *mut c_void, thread: c_int, name: *mut c_void) -> c_int
            => call { critical::__kmpc_critical::pass } late { critical::__kmpc_critical::late };
        fn __kmpc_critical_with_hint(place: *mut c_void, thread: c_int, name: *mut c_void, hint: usize) -> c_int
            => call { critical::__kmpc_critical_with_hint::pass } late { critical::__kmpc_critical_with_hint::late };
        fn __kmpc_end_critical(place: *mut c_void, thread: c_int, name: *mut c_void) -> c_int
            => call { critical::__kmpc_end_critical::pass } late { critical::__kmpc_end_critical::late };
    }

    Always {
        fn pthread_create(id: *mut pthread_t, attributes: *const pthread_attr_t, start: Start, argument: *mut c_void) -> c_int
            => call { thread::create };
        fn dlclose(handle: *mut c_void) -> c_int
            => call { thread::close };
        // Variadic, in the same way as `syscall`.
        fn prctl(option: c_int, a: usize, b: usize, c: usize, d: usize) -> c_int
            => straight { sandbox::prctl } past { sandbox::prctl };
    }
}
