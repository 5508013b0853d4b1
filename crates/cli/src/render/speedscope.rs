//! Stacks as speedscope reads them: one profile for each value, all in one file.
//!
//! Unlike a pprof file this keeps inlined functions and shows every value. The stacks
//! are sums over the whole time, so their order says nothing.

use serde_json::{Value, json};

use super::printable::of_json;
use crate::analyse::stacks::{Frame, MEASURES, Measure, Stacks};

const SCHEMA: &str = "https://www.speedscope.app/file-format-schema.json";

/// The whole file; it opens with this value.
pub(crate) fn render(mut stacks: Stacks, first: &Measure) -> String {
    let mut profiles = Vec::new();
    let mut active = 0;
    for measure in MEASURES {
        let profile = profile(&mut stacks, measure);
        if measure == first {
            active = profiles.len();
        } else if profile.is_none() {
            continue;
        }
        profiles.push(profile.unwrap_or_else(|| of_samples(measure, &[], &[], 0)));
    }
    let frames: Vec<Value> = stacks.frames().iter().map(frame).collect();
    let document = json!({
        "$schema": SCHEMA,
        "name": "lockprof: sums by stack, in no order of time",
        "exporter": concat!("lockprof ", env!("CARGO_PKG_VERSION")),
        "activeProfileIndex": active,
        "shared": {"frames": frames},
        "profiles": profiles,
    });
    format!("{}\n", of_json(&document.to_string()))
}

/// None where no stack has such a value.
fn profile(stacks: &mut Stacks, measure: &Measure) -> Option<Value> {
    let weighed = stacks.weighed_by(measure);
    let sum = weighed.values().copied().fold(0, u64::saturating_add);
    let samples: Vec<&Vec<usize>> = weighed.keys().collect();
    let weights: Vec<&u64> = weighed.values().collect();
    (sum > 0).then(|| of_samples(measure, &samples, &weights, sum))
}

fn of_samples(measure: &Measure, samples: &[&Vec<usize>], weights: &[&u64], sum: u64) -> Value {
    json!({
        "type": "sampled",
        "name": format!("{} ({})", measure.word, measure.title),
        "unit": if measure.is_time { "nanoseconds" } else { "none" },
        "startValue": 0,
        "endValue": sum,
        "samples": samples,
        "weights": weights,
    })
}

fn frame(frame: &Frame) -> Value {
    if frame.file.is_empty() {
        json!({"name": frame.name})
    } else {
        json!({"name": frame.name, "file": frame.file})
    }
}
