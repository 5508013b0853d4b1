//! JSON written piece by piece: columns of a hundred thousand numbers as a tree of values
//! would take fifty times the room of their text.

use serde_json::Value;

use crate::render::printable::of_json;

/// A value that is text already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Json(String);

impl Json {
    /// Of a value.
    pub(super) fn of(value: &Value) -> Self {
        Self(value.to_string())
    }

    /// Of a list of numbers.
    pub(super) fn numbers<T: ToString>(numbers: impl IntoIterator<Item = T>) -> Self {
        let numbers: Vec<String> = numbers.into_iter().map(|n| n.to_string()).collect();
        Self(format!("[{}]", numbers.join(",")))
    }

    /// Of a list of texts.
    pub(super) fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self::of(&texts.into_iter().collect::<Value>())
    }

    /// Of keys and values in this order.
    pub(super) fn object<K: AsRef<str>>(pairs: impl IntoIterator<Item = (K, Self)>) -> Self {
        let pairs = pairs.into_iter();
        let pairs = pairs.map(|(key, value)| format!("{}:{}", Value::from(key.as_ref()), value.0));
        Self(format!("{{{}}}", pairs.collect::<Vec<_>>().join(",\n")))
    }

    /// As it may stand between the tags of a script: nothing in it begins a tag.
    pub(super) fn into_script(self) -> String {
        // In JSON this sign stands in texts only, where it may be written so.
        of_json(&self.0).replace('<', "\\u003c")
    }
}
