//! A profile of whatever schema, read from its bytes by the shortest reader there can be.

use std::collections::BTreeMap;
use std::io::Read as _;

use flate2::read::GzDecoder;

/// A label's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    Number(i64),
}

/// One row, its stack by name, innermost first.
#[derive(Clone, Debug)]
pub(crate) struct RawRow {
    pub(crate) stack: Vec<String>,
    /// The same as the profile refers to it.
    pub(crate) locations: Vec<u64>,
    pub(crate) values: Vec<i64>,
    /// In the order of the profile.
    pub(crate) labels: Vec<(String, Value)>,
}

impl RawRow {
    pub(crate) fn label(&self, key: &str) -> Option<&Value> {
        let mut labels = self.labels.iter();
        labels.find(|(known, _)| known == key).map(|(_, of)| of)
    }

    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        match self.label(key)? {
            Value::Text(text) => Some(text),
            Value::Number(number) => panic!("{key} is the number {number}"),
        }
    }

    pub(crate) fn number(&self, key: &str) -> Option<i64> {
        match self.label(key)? {
            Value::Number(number) => Some(*number),
            Value::Text(text) => panic!("{key} is the text {text}"),
        }
    }
}

/// A profile.
#[derive(Clone, Debug, Default)]
pub(crate) struct RawProfile {
    /// `type/unit`.
    pub(crate) types: Vec<String>,
    pub(crate) default: String,
    pub(crate) rows: Vec<RawRow>,
    pub(crate) time_ns: i64,
    pub(crate) duration_ns: i64,
    pub(crate) comments: Vec<String>,
}

/// A message's fields by number: numbers, and bytes.
struct Message<'a>(Vec<(u64, Field<'a>)>);

#[derive(Clone, Copy)]
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for place in 0..10 {
        let byte = bytes[0];
        *bytes = &bytes[1..];
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            return number;
        }
    }
    panic!("a number of more than ten bytes");
}

impl<'a> Message<'a> {
    fn read(mut bytes: &'a [u8]) -> Self {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let key = varint(&mut bytes);
            let field = match key & 7 {
                0 => Field::Number(varint(&mut bytes)),
                2 => {
                    let len = usize::try_from(varint(&mut bytes)).unwrap();
                    let (content, rest) = bytes.split_at(len);
                    bytes = rest;
                    Field::Bytes(content)
                }
                kind => panic!("a field of kind {kind}"),
            };
            fields.push((key >> 3, field));
        }
        Self(fields)
    }

    fn all(&self, number: u64) -> impl Iterator<Item = Field<'a>> {
        let fields = self.0.iter().filter(move |(known, _)| *known == number);
        fields.map(|(_, field)| *field)
    }

    fn messages(&self, number: u64) -> impl Iterator<Item = Message<'a>> {
        self.all(number).map(move |field| match field {
            Field::Bytes(bytes) => Message::read(bytes),
            Field::Number(_) => panic!("field {number} is no message"),
        })
    }

    /// The last one; 0 when there is none.
    fn number(&self, number: u64) -> u64 {
        self.numbers(number).last().copied().unwrap_or(0)
    }

    fn signed(&self, number: u64) -> i64 {
        self.number(number).cast_signed()
    }

    /// All of a repeated field, packed or not.
    fn numbers(&self, number: u64) -> Vec<u64> {
        let mut numbers = Vec::new();
        for field in self.all(number) {
            match field {
                Field::Number(number) => numbers.push(number),
                Field::Bytes(mut bytes) => {
                    while !bytes.is_empty() {
                        numbers.push(varint(&mut bytes));
                    }
                }
            }
        }
        numbers
    }
}

impl RawProfile {
    /// Reads a gzipped profile.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let mut plain = Vec::new();
        GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
        Self::of(&Message::read(&plain))
    }

    fn of(message: &Message<'_>) -> Self {
        let texts: Vec<String> = message
            .all(6)
            .map(|field| match field {
                Field::Bytes(text) => String::from_utf8(text.to_vec()).unwrap(),
                Field::Number(_) => panic!("a text that is a number"),
            })
            .collect();
        let text = |index: u64| texts[usize::try_from(index).unwrap()].clone();
        let functions: BTreeMap<u64, String> = message
            .messages(5)
            .map(|function| (function.number(1), text(function.number(2))))
            .collect();
        let locations: BTreeMap<u64, String> = message
            .messages(4)
            .map(|location| {
                let line = location.messages(4).next();
                let name = line.map_or_else(String::new, |line| functions[&line.number(1)].clone());
                (location.number(1), name)
            })
            .collect();
        let label = |label: Message<'_>| {
            let value = match label.number(2) {
                0 => Value::Number(label.signed(3)),
                index => Value::Text(text(index)),
            };
            (text(label.number(1)), value)
        };
        let row = |row: Message<'_>| RawRow {
            locations: row.numbers(1),
            stack: row
                .numbers(1)
                .iter()
                .map(|id| locations[id].clone())
                .collect(),
            values: row
                .numbers(2)
                .iter()
                .map(|value| value.cast_signed())
                .collect(),
            labels: row.messages(3).map(label).collect(),
        };
        Self {
            types: message
                .messages(1)
                .map(|of| format!("{}/{}", text(of.number(1)), text(of.number(2))))
                .collect(),
            default: text(message.number(14)),
            rows: message.messages(2).map(row).collect(),
            time_ns: message.signed(9),
            duration_ns: message.signed(10),
            comments: message.numbers(13).into_iter().map(text).collect(),
        }
    }
}
