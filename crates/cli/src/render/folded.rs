//! Stacks as flame graph tools read them: `outermost;…;innermost VALUE`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use contract::profile::Profile;
use contract::sample_type::SampleType;

use crate::analyse::frames::Frames;
use crate::analyse::totals::value;

/// Every stack with a value in this column, once, in alphabetical order.
pub(crate) fn render<'a>(
    profiles: impl IntoIterator<Item = &'a Profile>,
    column: SampleType,
) -> String {
    let mut stacks: BTreeMap<String, u64> = BTreeMap::new();
    for profile in profiles {
        let frames = Frames::new(profile);
        for sample in &profile.samples {
            let value = sample.values.get(column.index()).map_or(0, |v| value(*v));
            if value == 0 {
                continue;
            }
            let mut names = frames.names(&sample.stack);
            if names.is_empty() {
                names.push("[no stack]".to_owned());
            }
            let names: Vec<String> = names.iter().map(|name| foldable(name)).collect();
            let sum = stacks.entry(names.join(";")).or_default();
            *sum = sum.saturating_add(value);
        }
    }
    let mut text = String::new();
    for (stack, value) in stacks {
        let _ = writeln!(text, "{stack} {value}");
    }
    text
}

/// A name without what separates names and lines.
fn foldable(name: &str) -> String {
    name.chars()
        .map(|c| match c {
            ';' => ':',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use contract::profile::{Function, Line, Location, Sample};

    use super::*;

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

    #[test]
    fn stacks_stand_root_first_and_once() {
        let text = render([&profile()], SampleType::AcquireWait);
        assert_eq!(text, "[no stack] 3\nmain;0xabc 5\nmain;a:b c;inlined 17\n");
    }

    #[test]
    fn profiles_add_up_and_other_columns_can_be_asked_for() {
        let profile = profile();
        let text = render([&profile, &profile], SampleType::Acquire);
        assert!(text.contains("main;a:b c;inlined 4\n"), "{text}");
        assert_eq!(render([&profile], SampleType::Blocked), "");
    }
}
