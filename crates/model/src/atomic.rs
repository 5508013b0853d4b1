//! The atomics of the model, under the names of the library's: each is a word of loom's.
//!
//! Loom's words cannot stand in statics, and tables of thousands of them would cost a
//! second in each of a hundred thousand executions. So a word of ours is a place, and
//! loom's word for it is made when somebody first comes there (`world.rs`).

use std::marker::PhantomData;
use std::rc::Rc;

use loom::sync::atomic as looms;

pub(crate) use std::sync::atomic::Ordering;

use crate::world::{self, Weakened};

/// Room in a table: little, so that it is full soon.
pub(crate) const fn room(len: u16) -> u16 {
    if len < 2 { len } else { 2 }
}

/// A fence.
pub(crate) fn fence(ordering: Ordering) {
    world::let_others_go_first();
    let weakened = world::weakened();
    let is_gone = match ordering {
        Ordering::SeqCst => weakened == Some(Weakened::SeqCst),
        Ordering::Acquire => weakened == Some(Weakened::Acquire),
        Ordering::Release => weakened == Some(Weakened::Release),
        _ => false,
    };
    if !is_gone {
        looms::fence(ordering);
    }
}

/// How an access is done: loom takes `SeqCst` for `AcqRel`, so it gets the fence before
/// it that compilers put there for processors without such accesses.
fn begin(ordering: Ordering, (acquires, releases): (bool, bool)) -> Ordering {
    let weakened = world::weakened();
    world::let_others_go_first();
    if ordering == Ordering::SeqCst && weakened != Some(Weakened::SeqCst) {
        looms::fence(Ordering::SeqCst);
        world::let_others_go_first();
    }
    kept(ordering, (acquires, releases))
}

/// What is kept of an ordering.
fn kept(ordering: Ordering, (acquires, releases): (bool, bool)) -> Ordering {
    let weakened = world::weakened();
    let is_either = matches!(ordering, Ordering::SeqCst | Ordering::AcqRel);
    let acquires = acquires
        && (is_either || ordering == Ordering::Acquire)
        && weakened != Some(Weakened::Acquire);
    let releases = releases
        && (is_either || ordering == Ordering::Release)
        && weakened != Some(Weakened::Release);
    match (acquires, releases) {
        (true, true) => Ordering::AcqRel,
        (true, false) => Ordering::Acquire,
        (false, true) => Ordering::Release,
        (false, false) => Ordering::Relaxed,
    }
}

const LOAD: (bool, bool) = (true, false);
const STORE: (bool, bool) = (false, true);
const CHANGE: (bool, bool) = (true, true);

macro_rules! accesses {
    ($value:ty) => {
        pub(crate) fn load(&self, ordering: Ordering) -> $value {
            self.word().load(begin(ordering, LOAD))
        }

        pub(crate) fn store(&self, value: $value, ordering: Ordering) {
            let ordering = begin(ordering, STORE);
            if world::stores_in_order() {
                self.word().swap(value, ordering);
            } else {
                self.word().store(value, ordering);
            }
        }

        pub(crate) fn swap(&self, value: $value, ordering: Ordering) -> $value {
            self.word().swap(value, begin(ordering, CHANGE))
        }

        pub(crate) fn compare_exchange(
            &self,
            before: $value,
            value: $value,
            done: Ordering,
            failed: Ordering,
        ) -> Result<$value, $value> {
            // One fence stands before both.
            assert!(failed != Ordering::SeqCst || done == Ordering::SeqCst);
            let (done, failed) = (begin(done, CHANGE), kept(failed, LOAD));
            self.word().compare_exchange(before, value, done, failed)
        }
    };
}

macro_rules! words {
    ($($name:ident: $value:ty;)*) => {$(
        /// A place of its size.
        pub(crate) struct $name {
            initial: $value,
        }

        impl $name {
            pub(crate) const fn new(initial: $value) -> Self {
                Self { initial }
            }

            fn word(&self) -> Rc<looms::$name> {
                let initial = self.initial;
                world::word((&raw const *self).addr(), move || looms::$name::new(initial))
            }

            accesses!($value);
        }
    )*};
}

words! {
    AtomicBool: bool;
    AtomicU8: u8;
    AtomicU32: u32;
    AtomicU64: u64;
}

macro_rules! numbers {
    ($($name:ident: $value:ty;)*) => {$(
        impl $name {
            pub(crate) fn fetch_add(&self, more: $value, ordering: Ordering) -> $value {
                self.word().fetch_add(more, begin(ordering, CHANGE))
            }

            /// As the standard library does it.
            pub(crate) fn fetch_update(
                &self,
                done: Ordering,
                failed: Ordering,
                mut next: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                let mut before = self.load(failed);
                while let Some(value) = next(before) {
                    match self.compare_exchange(before, value, done, failed) {
                        Ok(before) => return Ok(before),
                        Err(now) => before = now,
                    }
                }
                Err(before)
            }

            pub(crate) fn fetch_sub(&self, less: $value, ordering: Ordering) -> $value {
                self.word().fetch_sub(less, begin(ordering, CHANGE))
            }
        }
    )*};
}

numbers! {
    AtomicU32: u32;
    AtomicU64: u64;
}

/// A word on the heap, known from here on to whoever hears of it.
pub(crate) fn boxed_word() -> Box<AtomicU64> {
    let word = Box::new(AtomicU64::new(0));
    word.be_made();
    word
}

/// So many of them.
pub(crate) fn boxed_words(len: usize) -> Box<[AtomicU64]> {
    let words: Box<[AtomicU64]> = (0..len).map(|_| AtomicU64::new(0)).collect();
    words.iter().for_each(AtomicU64::be_made);
    words
}

impl AtomicU64 {
    fn be_made(&self) {
        world::make_word(
            (&raw const *self).addr(),
            looms::AtomicU64::new(self.initial),
        );
    }
}

/// A pointer, null at first.
pub(crate) struct AtomicPtr<T: 'static> {
    // It must lie somewhere.
    _place: usize,
    _to: PhantomData<fn(T) -> T>,
}

impl<T> AtomicPtr<T> {
    pub(crate) const fn new(initial: *mut T) -> Self {
        assert!(initial.is_null());
        Self {
            _place: 0,
            _to: PhantomData,
        }
    }

    fn word(&self) -> Rc<looms::AtomicPtr<T>> {
        world::word((&raw const *self).addr(), || {
            looms::AtomicPtr::new(std::ptr::null_mut())
        })
    }

    accesses!(*mut T);
}

mod cell;
pub(crate) use self::cell::UnsafeCell;
