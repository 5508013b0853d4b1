//! The stacks of all profiles as one tree: each frame of a common beginning stands there once.

use std::collections::HashMap;

use super::document::Json;
use crate::analyse::frames::Frames;

/// What a stack without frames is shown as.
const NO_STACK: &str = "[no stack]";

/// A function, and its file or nothing.
type Function = (String, String);

/// The tree; node 0 is the root and has no frame.
#[derive(Default)]
pub(super) struct Stacks {
    functions: Numbered<Function>,
    /// By parent and function.
    nodes: Numbered<(usize, usize)>,
}

impl Stacks {
    /// The node of a stack. `places` remembers those of this profile.
    pub(super) fn node(&mut self, frames: &Frames, stack: &[usize], places: &mut Places) -> usize {
        let mut node = 0;
        for location in stack.iter().rev() {
            if !places.0.contains_key(location) {
                let found = frames.sites(&[*location]).into_iter();
                let found = found.map(|place| self.functions.number((place.function, place.file)));
                places.0.insert(*location, found.collect());
            }
            for function in places.0.get(location).into_iter().flatten() {
                node = self.nodes.number((node, *function)) + 1;
            }
        }
        if stack.is_empty() {
            let function = self.functions.number((NO_STACK.to_owned(), String::new()));
            node = self.nodes.number((0, function)) + 1;
        }
        node
    }

    /// `function`s, and for each node but the root how far its parent stands before it,
    /// which is 1 of most, and its function.
    pub(super) fn json(&self) -> Json {
        let functions = &self.functions.list;
        let nodes = self.nodes.list.iter().enumerate();
        Json::object([
            ("names", Json::texts(functions.iter().map(|f| f.0.as_str()))),
            ("files", Json::texts(functions.iter().map(|f| f.1.as_str()))),
            (
                "up",
                Json::numbers(nodes.map(|(index, (parent, _))| index + 1 - parent)),
            ),
            (
                "function",
                Json::numbers(self.nodes.list.iter().map(|(_, function)| function)),
            ),
        ])
    }
}

/// The functions at the places of one profile.
#[derive(Default)]
pub(super) struct Places(HashMap<usize, Vec<usize>>);

/// Things in the order in which they were first met, each with its number.
pub(super) struct Numbered<T> {
    list: Vec<T>,
    numbers: HashMap<T, usize>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            numbers: HashMap::new(),
        }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Numbered<T> {
    /// Its number, a new one if it is new.
    pub(super) fn number(&mut self, thing: T) -> usize {
        if let Some(number) = self.numbers.get(&thing) {
            return *number;
        }
        let number = self.list.len();
        self.list.push(thing.clone());
        self.numbers.insert(thing, number);
        number
    }

    /// All of them.
    pub(super) fn list(&self) -> &[T] {
        &self.list
    }
}
