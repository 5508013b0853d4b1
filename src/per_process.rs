//! One value per process, made when first needed and left behind by a forked child.
//!
//! Left behind, not dropped: in the parent another thread may have been half-way
//! through a change of it at the moment of the fork.
#![allow(unsafe_code, reason = "hands out references through an atomic pointer")]

use crate::atomic::{AtomicPtr, Ordering};
use std::ptr;

/// The value, or none yet.
pub(crate) struct PerProcess<T: 'static>(AtomicPtr<T>);

impl<T: Send + Sync> PerProcess<T> {
    /// None yet.
    pub(crate) const fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// The value, if it has been made.
    #[inline]
    pub(crate) fn get(&self) -> Option<&'static T> {
        // Acquire pairs with the Release of `get_or_make` and `put`: the value
        // behind the pointer is complete.
        // SAFETY: null, or from `Box::into_raw` and never freed.
        unsafe { self.0.load(Ordering::Acquire).as_ref() }
    }

    /// The value; made now if need be. If several threads make one, one is kept.
    /// None when it cannot be made.
    #[inline]
    pub(crate) fn get_or_try_make(&self, make: impl FnOnce() -> Option<T>) -> Option<&'static T> {
        self.get().or_else(|| make().map(|value| self.keep(value)))
    }

    #[cold]
    fn keep(&self, value: T) -> &'static T {
        let made = Box::into_raw(Box::new(value));
        let result =
            self.0
                .compare_exchange(ptr::null_mut(), made, Ordering::Release, Ordering::Acquire);
        match result {
            // SAFETY: just made, never freed from here on.
            Ok(_) => unsafe { &*made },
            Err(other) => {
                // SAFETY: nobody else has seen it.
                drop(unsafe { Box::from_raw(made) });
                // SAFETY: not null, by the failed exchange; never freed.
                unsafe { &*other }
            }
        }
    }

    /// Puts a value in place of what is there, which stays alive for those who
    /// use it, and hands that back.
    pub(crate) fn put(&self, value: T) -> Option<&'static T> {
        let made = Box::into_raw(Box::new(value));
        // Release publishes the new value, Acquire completes the old one.
        // SAFETY: as for `get`.
        unsafe { self.0.swap(made, Ordering::AcqRel).as_ref() }
    }

    /// In a forked child: leaves the parent's value behind.
    pub(crate) fn forget(&self) {
        // Relaxed: the child has one thread.
        self.0.store(ptr::null_mut(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thread_gets_the_one_value_that_was_kept() {
        static VALUE: PerProcess<usize> = PerProcess::new();
        assert_eq!(VALUE.get(), None);
        let kept: Vec<usize> = std::thread::scope(|scope| {
            let makers: Vec<_> = (0..8)
                .map(|number| scope.spawn(move || VALUE.get_or_try_make(|| Some(number))))
                .collect();
            makers
                .into_iter()
                .filter_map(|maker| maker.join().ok().flatten().copied())
                .collect()
        });
        assert!(
            kept.iter().all(|&value| Some(&value) == VALUE.get()),
            "{kept:?}"
        );
    }

    #[test]
    fn a_value_that_was_replaced_stays_alive() {
        static VALUE: PerProcess<String> = PerProcess::new();
        let first = VALUE.get_or_try_make(|| Some("first".to_owned()));
        assert_eq!(VALUE.put("second".to_owned()), first);
        assert_eq!(VALUE.get().map(String::as_str), Some("second"));
        VALUE.forget();
        assert_eq!(VALUE.get(), None);
        assert_eq!(first.map(String::as_str), Some("first"));
        assert_eq!(VALUE.get_or_try_make(|| None), None);
    }
}
