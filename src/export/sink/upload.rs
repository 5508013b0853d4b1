//! A receiver on a network: its format, and the thread that delivers.

use contract::profile::{Profile, Sample};

use super::courier::Courier;
use super::{Deliveries, Endpoint, Format, Sink, SinkError, Span};

/// Tells a receiver what came since the flush before.
pub(crate) struct Upload {
    format: Box<dyn Format>,
    courier: Courier,
}

impl Upload {
    /// Sends what `format` makes of the rows to `endpoint`.
    pub(crate) fn new(
        format: Box<dyn Format>,
        endpoint: Endpoint,
        deliveries: &'static Deliveries,
    ) -> Self {
        Self {
            format,
            courier: Courier::new(endpoint, deliveries),
        }
    }
}

impl Sink for Upload {
    fn span(&self) -> Span {
        Span::SinceFlush
    }

    fn add(&mut self, sample: &Sample, tables: &Profile) {
        self.format.add(sample, tables);
    }

    fn finish(&mut self, tables: &Profile) -> Result<(), SinkError> {
        for request in self.format.finish(tables) {
            self.courier.hand_over(request)?;
        }
        Ok(())
    }
}
