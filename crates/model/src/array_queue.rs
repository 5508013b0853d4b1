//! What crossbeam's bounded queue promises, and nothing more.
//!
//! Its own words are not loom's. That it keeps its promise is its authors' business: what
//! goes in comes out once, in order, and what was written before it went in is seen by
//! whoever takes it out.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use loom::sync::atomic::{AtomicUsize, Ordering};

use crate::world;

/// Under its name.
pub struct ArrayQueue<T> {
    /// Changed before an element goes in, read after it came out.
    marks: Box<[AtomicUsize]>,
    /// No two threads of a model are in here at once: nothing within is loom's.
    elements: Mutex<Elements<T>>,
}

struct Elements<T> {
    /// With the index of its mark.
    queue: VecDeque<(T, usize)>,
    free_marks: VecDeque<usize>,
}

impl<T> ArrayQueue<T> {
    /// With room for so many.
    pub fn new(room: usize) -> Self {
        Self {
            marks: (0..room).map(|_| AtomicUsize::new(0)).collect(),
            elements: Mutex::new(Elements {
                queue: VecDeque::new(),
                free_marks: (0..room).collect(),
            }),
        }
    }

    fn elements(&self) -> MutexGuard<'_, Elements<T>> {
        world::let_others_go_first();
        self.elements.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an element in; declined when there is no room.
    ///
    /// # Errors
    /// With the element.
    pub fn push(&self, element: T) -> Result<(), T> {
        let Some(mark) = self.elements().free_marks.pop_front() else {
            return Err(element);
        };
        if let Some(mark) = self.marks.get(mark) {
            mark.fetch_add(1, Ordering::Release);
        }
        self.elements().queue.push_back((element, mark));
        Ok(())
    }

    /// Takes the first element out.
    pub fn pop(&self) -> Option<T> {
        let (element, mark) = self.elements().queue.pop_front()?;
        if let Some(mark) = self.marks.get(mark) {
            // The last write is wanted, which only a change is sure to read.
            mark.fetch_add(0, Ordering::Acquire);
        }
        self.elements().free_marks.push_back(mark);
        Some(element)
    }

    /// How many are in it.
    pub fn len(&self) -> usize {
        self.elements().queue.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
