//! What a profile says of itself in words: the options, exact totals, losses.

use contract::comment;

use super::super::build;
use super::Process;
use crate::record::{self, KINDS, Kind};
use crate::{state, sys};

impl Process {
    pub(super) fn comments(&self) -> Vec<String> {
        let options = &self.config.options;
        let exact = KINDS.map(|kind| (kind, record::exact_waits(kind)));
        let (waits, wait_ns) = exact
            .iter()
            .filter(|(kind, _)| !kind.is_sync())
            .fold((0, 0), |(waits, ns), (_, of)| (waits + of.0, ns + of.1));
        let mut comments = vec![
            concat!("liblockprof ", env!("CARGO_PKG_VERSION")).to_owned(),
            format!("{}{}", comment::PID, sys::process_id()),
            format!("{}{}", comment::SAMPLE, options.sample),
            format!(
                "waits of at least {} ns are always kept",
                options.wait_sample_ns
            ),
            format!("{}{waits} of {wait_ns} ns in all", comment::EXACT_WAITS),
        ];
        for (kind, (waits, wait_ns)) in exact.into_iter().filter(|(_, (waits, _))| *waits != 0) {
            let (estimated, estimated_ns) = self.estimated_waits(kind);
            let exact_waits_of = if kind.is_sync() {
                comment::EXACT_SYNC_WAITS_OF
            } else {
                comment::EXACT_WAITS_OF
            };
            comments.push(format!(
                "{exact_waits_of}{}: {waits} of {wait_ns} ns, estimated {estimated:.0} of {estimated_ns:.0} ns",
                build::kind_name(kind)
            ));
        }
        let (times, off_ns) = state::off_time();
        if times != 0 {
            comments.push(format!("{}{times} times, {off_ns} ns in all", comment::OFF));
        }
        if let Some(run) = &options.run {
            comments.push(format!("{}{run}", comment::RUN));
        }
        let unhooked = self.unhooked.paths(&self.objects);
        let unhooked = unhooked.map(|path| format!("{}{path}", comment::NOT_HOOKED));
        comments.extend(unhooked);
        let made = self.names.made().remarks().into_iter();
        comments.extend(made.map(|remark| format!("{}{remark}", comment::MADE_CODE)));
        let uploads = self.deliveries.losses().into_iter();
        let lost = record::all_lost().chain(uploads);
        comments.extend(lost.map(|lost| format!("{}{lost}", comment::LOST)));
        let left_out = record::all_left_out();
        comments.extend(left_out.map(|all| format!("{}{all}", comment::LEFT_OUT)));
        comments
    }

    /// Estimated number and time of all waits for a kind of lock, those left out too:
    /// the exact totals count them.
    #[allow(
        clippy::cast_precision_loss,
        reason = "to be compared with other estimates"
    )]
    fn estimated_waits(&self, kind: Kind) -> (f64, f64) {
        let (waits, wait_ns) = self.aggregate.waits(kind);
        let (left_out, left_out_ns) = record::left_out_waits(kind);
        (waits + left_out as f64, wait_ns + left_out_ns as f64)
    }
}
