//! The thread that delivers to one receiver, so that none waits for another.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use super::http::Client;
use super::{Deliveries, Endpoint, Request, SinkError};
use crate::diag;
use crate::export::own_thread;

/// Requests that wait for the one under way.
const QUEUE_LEN: usize = 8;

/// Hands requests to the thread, which starts with the first.
pub(super) struct Courier {
    endpoint: Endpoint,
    deliveries: &'static Deliveries,
    queue: Option<SyncSender<Request>>,
}

impl Courier {
    pub(super) fn new(endpoint: Endpoint, deliveries: &'static Deliveries) -> Self {
        Self {
            endpoint,
            deliveries,
            queue: None,
        }
    }

    /// Delivers a request some time.
    ///
    /// # Errors
    /// When it never will be.
    pub(super) fn hand_over(&mut self, request: Request) -> Result<(), SinkError> {
        if self.queue.is_none() {
            self.queue = Some(self.start()?);
        }
        let Some(queue) = &self.queue else {
            return Ok(());
        };
        self.deliveries.begin();
        queue.try_send(request).map_err(|error| {
            self.deliveries.end(false);
            let receiver = self.endpoint.receiver;
            match error {
                TrySendError::Full(_) => SinkError::Temporary(format!(
                    "{receiver} is too slow: a profile for it was dropped"
                )),
                TrySendError::Disconnected(_) => {
                    SinkError::Permanent(format!("nothing more can be sent to {receiver}"))
                }
            }
        })
    }

    fn start(&self) -> Result<SyncSender<Request>, SinkError> {
        let (sender, requests) = sync_channel(QUEUE_LEN);
        let (endpoint, deliveries) = (self.endpoint.clone(), self.deliveries);
        let started = own_thread::start(c"lockprof-send", move || {
            deliver(&endpoint, deliveries, &requests);
        });
        started.map_err(|error| {
            SinkError::Temporary(format!(
                "no thread can be started that sends to {}: {error}",
                self.endpoint.receiver
            ))
        })?;
        Ok(sender)
    }
}

fn deliver(endpoint: &Endpoint, deliveries: &Deliveries, requests: &Receiver<Request>) {
    let client = Client::new();
    while let Ok(request) = requests.recv() {
        let fault = match client.post(endpoint, &request) {
            Ok(200..=299) => None,
            Ok(status) => {
                let advice = (endpoint.advice)(status).unwrap_or("");
                Some(format!("answer {status} {advice}"))
            }
            Err(fault) => Some(fault),
        };
        if let Some(fault) = &fault {
            diag::say(format_args!("{}: {fault}", endpoint.receiver));
        }
        deliveries.end(fault.is_none());
    }
}
