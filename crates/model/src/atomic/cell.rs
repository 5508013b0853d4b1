//! What belongs to one thread at a time: loom watches that it does.
#![allow(unsafe_code, reason = "as the library's")]

use crate::world;

/// Under the name of the library's.
#[repr(transparent)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    fn place(&self) -> usize {
        (&raw const *self).addr()
    }

    /// # Safety
    /// Nobody may write it meanwhile.
    pub(crate) unsafe fn with<R>(&self, see: impl FnOnce(&T) -> R) -> R {
        let watch = world::cell(self.place());
        // SAFETY: by the contract of this call, which loom has looked after before.
        watch.with(|_| see(unsafe { &*self.0.get() }))
    }

    pub(crate) fn with_mut<R>(&self, change: impl FnOnce(*mut T) -> R) -> R {
        let watch = world::cell(self.place());
        world::may_jump_out();
        let result = watch.with_mut(|_| change(self.0.get()));
        world::may_jump_out();
        result
    }
}
