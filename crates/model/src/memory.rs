//! The heap, of which there is always enough.

/// Whether the system still gives this much memory.
pub(crate) fn has_room(_len: usize) -> bool {
    true
}
