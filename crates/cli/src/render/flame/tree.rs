//! Stacks merged into a tree, and where each of its frames stands.

use std::collections::BTreeMap;

use crate::analyse::stacks::{Frame, Weighed};

/// Frames on frames, the innermost last.
pub(super) struct Tree<'a> {
    root: Node<'a>,
}

#[derive(Default)]
struct Node<'a> {
    value: u64,
    file: &'a str,
    /// By name, so that neighbours are in alphabetical order.
    children: BTreeMap<&'a str, Node<'a>>,
}

/// Where a frame stands: parts of the whole width.
pub(super) struct Boxed<'a> {
    pub(super) name: &'a str,
    pub(super) file: &'a str,
    pub(super) depth: u32,
    pub(super) begin: f64,
    pub(super) share: f64,
    pub(super) value: u64,
}

impl<'a> Tree<'a> {
    /// Merges stacks that begin equally.
    pub(super) fn new(weighed: &Weighed, frames: &'a [Frame]) -> Self {
        let mut root = Node::default();
        for (stack, value) in weighed {
            let mut node = &mut root;
            node.value = node.value.saturating_add(*value);
            for frame in stack.iter().filter_map(|id| frames.get(*id)) {
                node = node.children.entry(&frame.name).or_default();
                node.value = node.value.saturating_add(*value);
                node.file = &frame.file;
            }
        }
        Self { root }
    }

    /// The sum of all stacks.
    pub(super) fn total(&self) -> u64 {
        self.root.value
    }

    /// How many frames there are, the ground of all included.
    pub(super) fn len(&self) -> usize {
        let mut len = 0;
        let mut open = vec![&self.root];
        while let Some(node) = open.pop() {
            len += 1;
            open.extend(node.children.values());
        }
        len
    }

    /// All frames that are at least so wide, the ground of all first.
    pub(super) fn boxes(&self, narrowest: f64) -> Vec<Boxed<'_>> {
        let mut boxes = Vec::new();
        // A stack on the heap: there are programs with a thousand frames.
        let mut open = vec![("all", &self.root, 0_u32, 0_u64)];
        while let Some((name, node, depth, before)) = open.pop() {
            let share = part(node.value, self.root.value);
            if depth > 0 && share < narrowest {
                continue;
            }
            boxes.push(Boxed {
                name,
                file: node.file,
                depth,
                begin: part(before, self.root.value),
                share,
                value: node.value,
            });
            let mut before = before;
            for (name, child) in &node.children {
                open.push((name, child, depth.saturating_add(1), before));
                before = before.saturating_add(child.value);
            }
        }
        boxes
    }
}

fn part(value: u64, whole: u64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a picture needs no 53 bits")]
    let (value, whole) = (value as f64, whole.max(1) as f64);
    value / whole
}
