//! Profiles that a process has written so far, and what they hold.

use std::fs;

use contract::file_name;
use contract::options::Options;
use contract::profile::Profile;

use super::output_place::folders;
use super::subject::Process;
use super::{Check, Subject};
use crate::analyse::{self, By};
use crate::load;
use crate::render::units;

pub(super) fn check(subject: &Subject, process: &Process, options: &Options) -> Vec<Check> {
    let own_id = process
        .status("NSpid")
        .and_then(|ids| ids.split_whitespace().next_back()?.parse().ok())
        .unwrap_or(process.pid);
    let entries = folders(subject, options)
        .into_iter()
        .flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten());
    let mut checks: Vec<Check> = entries
        .filter(|entry| {
            let name = entry.file_name();
            let id = name.to_str().and_then(file_name::parse);
            id.is_some_and(|id| id.pid == own_id)
        })
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            match load::load(&entry.path()) {
                Ok(profile) => about(&name, &profile),
                Err(reason) => {
                    Check::bad(format!("{name}: {reason}"), "the next profile replaces it")
                }
            }
        })
        .collect();
    if checks.is_empty() && options.sinks.contains(&"file") && process.has_loaded("liblockprof") {
        let first = units::time(options.first_interval_ns);
        checks.push(Check::doubt(
            format!(
                "there is no profile of it yet under the usual name; the first is due after {first}"
            ),
            "wait for it; a program that takes no lock writes none",
        ));
    }
    checks
}

fn about(name: &str, profile: &Profile) -> Check {
    let totals = analyse::analyse([profile], By::Lock).total;
    let text = format!(
        "{name}: {}, {}, {} of waiting",
        units::of(totals.acquisitions, "acquisition", "acquisitions"),
        units::of(totals.waits, "wait", "waits"),
        units::time(totals.wait_ns()),
    );
    if totals.acquisitions + totals.waits == 0 {
        Check::doubt(text, "it took no lock that liblockprof sees, so far")
    } else {
        Check::good(text)
    }
}
