//! The sinks a process has: those its options name.

use std::cell::OnceCell;

use contract::file_name::Identity;

use super::file::FileSink;
use super::otlp::{self, OtlpFormat};
use super::prometheus::PrometheusSink;
use super::{Deliveries, Sender, Sink, SinkError, Upload, datadog, parca, pyroscope};
use crate::config::Config;
use crate::diag;

/// Opens every sink; of one that cannot be opened, says why.
pub(crate) fn open_all(
    config: &'static Config,
    identity: &Identity,
    is_forked: bool,
    deliveries: &'static Deliveries,
) -> Vec<Box<dyn Sink>> {
    let opening = Opening {
        config,
        identity,
        is_forked,
        deliveries,
        sender: OnceCell::new(),
    };
    let mut sinks = Vec::new();
    for name in &config.options.sinks {
        match opening.open(name) {
            Ok(sink) => sinks.push(sink),
            Err(SinkError::Temporary(reason) | SinkError::Permanent(reason)) => {
                diag::say(format_args!("{reason}; no profile goes to {name}"));
            }
        }
    }
    sinks
}

struct Opening<'a> {
    config: &'static Config,
    identity: &'a Identity,
    is_forked: bool,
    deliveries: &'static Deliveries,
    /// Made when first needed: it asks the kernel what a sandbox may forbid.
    sender: OnceCell<Sender>,
}

impl Opening<'_> {
    fn open(&self, name: &str) -> Result<Box<dyn Sink>, SinkError> {
        let &Self {
            config,
            identity,
            is_forked,
            deliveries,
            ..
        } = self;
        let options = &config.options;
        Ok(match name {
            "datadog" => Box::new(datadog::open(config, self.sender(), deliveries, is_forked)?),
            "pyroscope" => pyroscope::sink(&options.pyroscope, self.sender(), deliveries),
            "parca" => parca::sink(&options.parca, self.sender(), deliveries),
            "otlp" => Box::new(Upload::new(
                Box::new(OtlpFormat::new(self.sender())),
                otlp::endpoint(options),
                deliveries,
            )),
            "prometheus" => {
                let sender = self.sender();
                Box::new(PrometheusSink::new(config, identity, sender, is_forked)?)
            }
            _ => Box::new(FileSink::new(config, identity, is_forked)?),
        })
    }

    fn sender(&self) -> &Sender {
        self.sender
            .get_or_init(|| Sender::new(self.config, self.identity))
    }
}
