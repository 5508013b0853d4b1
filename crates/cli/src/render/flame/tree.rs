//! Stacks merged into a tree, and where each of its frames stands.

use std::collections::BTreeMap;

use crate::analyse::stacks::{Frame, Weighed};

/// Frames on frames. They refer to each other by number, since what owns itself in so
/// many steps as a foreign profile may have frames cannot be dropped.
pub(super) struct Tree<'a> {
    /// The first is the ground of all.
    nodes: Vec<Node<'a>>,
}

#[derive(Default)]
struct Node<'a> {
    value: u64,
    file: &'a str,
    /// By name, so that neighbours are in alphabetical order.
    children: BTreeMap<&'a str, usize>,
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
        let mut tree = Self {
            nodes: vec![Node::default()],
        };
        for (stack, value) in weighed {
            let mut at = 0;
            tree.add(at, *value);
            for frame in stack.iter().filter_map(|id| frames.get(*id)) {
                at = tree.child(at, frame);
                tree.add(at, *value);
            }
        }
        tree
    }

    /// The sum of all stacks.
    pub(super) fn total(&self) -> u64 {
        self.nodes.first().map_or(0, |ground| ground.value)
    }

    /// How many frames there are, the ground of all included.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// All frames that are at least so wide, the ground of all first.
    pub(super) fn boxes(&self, narrowest: f64) -> Vec<Boxed<'_>> {
        let total = self.total();
        let mut boxes = Vec::new();
        let mut open = vec![("all", 0, 0_u32, 0_u64)];
        while let Some((name, at, depth, before)) = open.pop() {
            let Some(node) = self.nodes.get(at) else {
                continue;
            };
            let share = part(node.value, total);
            if depth > 0 && share < narrowest {
                continue;
            }
            boxes.push(Boxed {
                name,
                file: node.file,
                depth,
                begin: part(before, total),
                share,
                value: node.value,
            });
            let mut before = before;
            for (name, child) in &node.children {
                open.push((name, *child, depth.saturating_add(1), before));
                let value = self.nodes.get(*child).map_or(0, |child| child.value);
                before = before.saturating_add(value);
            }
        }
        boxes
    }

    fn add(&mut self, at: usize, value: u64) {
        if let Some(node) = self.nodes.get_mut(at) {
            node.value = node.value.saturating_add(value);
        }
    }

    /// The number of the node of a frame on another.
    fn child(&mut self, at: usize, frame: &'a Frame) -> usize {
        let next = self.nodes.len();
        let Some(node) = self.nodes.get_mut(at) else {
            return at;
        };
        let child = *node.children.entry(&frame.name).or_insert(next);
        if child == next {
            self.nodes.push(Node {
                file: &frame.file,
                ..Node::default()
            });
        }
        child
    }
}

fn part(value: u64, whole: u64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a picture needs no 53 bits")]
    let (value, whole) = (value as f64, whole.max(1) as f64);
    value / whole
}
