//! Stacks as flame graph tools read them: `outermost;…;innermost VALUE`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::printable::printable;
use crate::analyse::stacks::{Measure, Stacks};

/// Every stack with such a value, once, in alphabetical order.
pub(crate) fn render(mut stacks: Stacks, measure: &Measure) -> String {
    let weighed = stacks.weighed_by(measure);
    let names: Vec<String> = stacks
        .frames()
        .iter()
        .map(|frame| foldable(&frame.name))
        .collect();
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    for (stack, value) in weighed {
        let names = stack.iter().filter_map(|id| names.get(*id));
        let names: Vec<&str> = names.map(String::as_str).collect();
        let sum = lines.entry(names.join(";")).or_default();
        *sum = sum.saturating_add(value);
    }
    let mut text = String::new();
    for (stack, value) in lines {
        let _ = writeln!(text, "{stack} {value}");
    }
    text
}

/// A name without what separates names and lines.
fn foldable(name: &str) -> String {
    printable(&name.replace(';', ":"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use contract::profile::{Function, Line, Location, Profile, Sample};

    use super::*;
    use crate::analyse::filter::Filter;
    use crate::analyse::stacks::{MEASURES, Root};
    use crate::load::Loaded;

    fn profile() -> Profile {
        let function = |name: &str| Function {
            name: name.to_owned(),
            ..Function::default()
        };
        let location = |functions: &[usize]| Location {
            address: 0xabc,
            mapping: None,
            lines: functions
                .iter()
                .map(|function| Line {
                    function: *function,
                    line: 0,
                })
                .collect(),
        };
        let sample = |stack: &[usize], wait| Sample {
            stack: stack.to_vec(),
            values: [1, wait, 0, 0, 0, 0, 1, 0, 0],
            labels: Vec::new(),
        };
        Profile {
            functions: vec![function("main"), function("a;b\nc"), function("inlined")],
            locations: vec![location(&[0]), location(&[2, 1]), location(&[])],
            samples: vec![
                sample(&[1, 0], 10),
                sample(&[2, 0], 5),
                sample(&[1, 0], 7),
                sample(&[], 3),
                sample(&[0], 0),
            ],
            ..Profile::default()
        }
    }

    fn folded(profiles: &[Profile], word: &str) -> String {
        let files: Vec<Loaded> = profiles
            .iter()
            .map(|profile| Loaded::new("p".into(), profile.clone()))
            .collect();
        let measure = MEASURES.iter().find(|m| m.word == word).unwrap();
        let filter = Filter::default();
        render(Stacks::new(&files, Root::None, &filter), measure)
    }

    #[test]
    fn stacks_stand_root_first_and_once() {
        let text = folded(&[profile()], "wait");
        assert_eq!(
            text,
            "[no stack] 3\nmain;0xabc 5\nmain;a:b\\nc;inlined 17\n"
        );
    }

    #[test]
    fn profiles_add_up_and_other_columns_can_be_asked_for() {
        let text = folded(&[profile(), profile()], "acquisitions");
        assert!(text.contains("main;a:b\\nc;inlined 4\n"), "{text}");
        assert_eq!(folded(&[profile()], "blocked"), "");
    }
}
