//! A stack of bounded depth that costs nothing until it is filled.
#![allow(
    unsafe_code,
    reason = "zeroing half a kilobyte for every record costs more than filling it"
)]

use std::mem::MaybeUninit;

/// Longest stack a record holds.
pub(crate) const FRAMES_MAX: usize = 64;

/// Return addresses, innermost first.
#[repr(C)]
pub(crate) struct Frames {
    /// How many words are set, from the first on.
    len: usize,
    words: [MaybeUninit<u64>; FRAMES_MAX],
}

impl Frames {
    /// None yet.
    #[inline(always)]
    pub(crate) const fn new() -> Self {
        Self {
            len: 0,
            words: [MaybeUninit::uninit(); FRAMES_MAX],
        }
    }

    /// Those that are there.
    #[inline(always)]
    pub(crate) fn as_slice(&self) -> &[u64] {
        let set = self.words.get(..self.len).unwrap_or(&[]);
        // SAFETY: a `Filling` counts only words it has written.
        unsafe { &*(&raw const *set as *const [u64]) }
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Begins anew, with room for at most `max`.
    #[inline(always)]
    pub(crate) fn fill(&mut self, max: usize) -> Filling<'_> {
        self.len = 0;
        Filling {
            words: self.words.get_mut(..max.min(FRAMES_MAX)).unwrap_or(&mut []),
            len: 0,
            result: &mut self.len,
        }
    }

    /// Bytes from the beginning that say everything.
    pub(super) fn bytes_len(&self) -> usize {
        std::mem::offset_of!(Self, words) + self.len * size_of::<u64>()
    }
}

impl FromIterator<u64> for Frames {
    fn from_iter<I: IntoIterator<Item = u64>>(words: I) -> Self {
        let mut frames = Self::new();
        let mut filling = frames.fill(FRAMES_MAX);
        let _ = words.into_iter().try_for_each(|word| filling.push(word));
        drop(filling);
        frames
    }
}

/// Frames being filled; what was pushed stands in them at its end.
pub(crate) struct Filling<'a> {
    words: &'a mut [MaybeUninit<u64>],
    /// Words before this have been written.
    len: usize,
    result: &'a mut usize,
}

impl Filling<'_> {
    /// Takes one more in, if there is room.
    #[inline(always)]
    pub(crate) fn push(&mut self, word: u64) -> Option<()> {
        self.words.get_mut(self.len)?.write(word);
        self.len += 1;
        Some(())
    }

    /// How many there are.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Keeps only the first ones.
    #[inline(always)]
    #[cfg_attr(
        any(lockprof_portable, not(target_arch = "x86_64")),
        allow(dead_code, reason = "only our own unwinder takes frames back")
    )]
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }
}

impl Drop for Filling<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        *self.result = self.len;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_pushed_is_seen() {
        let mut frames = Frames::new();
        assert!(frames.is_empty());
        let mut filling = frames.fill(3);
        assert!((1..=3).all(|word| filling.push(word).is_some()));
        assert_eq!(filling.push(4), None);
        filling.truncate(2);
        drop(filling);
        assert_eq!(frames.as_slice(), [1, 2]);
        assert_eq!(frames.fill(FRAMES_MAX + 9).words.len(), FRAMES_MAX);
        assert!(frames.is_empty());
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let frames: Frames = (0..100).collect();
        assert_eq!(frames.as_slice().len(), FRAMES_MAX);
        assert_eq!(frames.as_slice().last(), Some(&63));
    }
}
