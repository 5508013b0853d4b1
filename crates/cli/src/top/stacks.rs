//! Where one lock is waited for and held, as stacks, most first.

use std::collections::HashMap;

use contract::profile::Profile;
use contract::sample_type::SampleType;

use crate::analyse::frames::Frames;
use crate::analyse::key::Lock;
use crate::analyse::totals::{increase, millipercent, of};
use crate::render::units;

/// Stacks of each sort.
const MOST_STACKS: usize = 5;

/// A page about a lock; its first line is the title.
pub(crate) fn page(profile: &Profile, lock: &Lock) -> Vec<String> {
    let mut lines = vec![format!(
        "{} ({} at {}), since the program began",
        lock.name, lock.kind, lock.address
    )];
    for (about, column) in [
        ("waited for", SampleType::AcquireWait),
        ("others waited for its release", SampleType::Blocked),
        ("held", SampleType::ReleaseHold),
    ] {
        lines.push(String::new());
        lines.extend(section(profile, lock, about, column));
    }
    lines
}

fn section(profile: &Profile, lock: &Lock, about: &str, column: SampleType) -> Vec<String> {
    let frames = Frames::new(profile);
    let mut stacks: HashMap<&[usize], u64> = HashMap::new();
    for sample in &profile.samples {
        let time_ns = of(sample, column);
        if time_ns > 0 && Lock::of(sample).address == lock.address {
            increase(stacks.entry(&sample.stack).or_default(), time_ns);
        }
    }
    let total_ns = stacks.values().copied().fold(0, u64::saturating_add);
    if total_ns == 0 {
        return vec![format!("never {about}, as far as samples say")];
    }
    let mut stacks: Vec<_> = stacks.into_iter().collect();
    stacks.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let mut lines = vec![format!("{about}: {} in all", units::time(total_ns))];
    for (stack, time_ns) in stacks.iter().take(MOST_STACKS) {
        let share = units::share(millipercent(*time_ns, total_ns).unwrap_or(0));
        lines.push(format!("  {share}  {}", units::time(*time_ns)));
        let names = frames.names(stack);
        lines.extend(names.iter().rev().map(|name| format!("      {name}")));
    }
    if let Some(more) = stacks.len().checked_sub(MOST_STACKS).filter(|n| *n > 0) {
        lines.push(format!("  … and {more} more stacks"));
    }
    lines
}
