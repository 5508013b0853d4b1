//! The thread that delivers to one receiver, so that none waits for another.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::address::Address;
use super::backoff::Backoff;
use super::fault::{Cause, Fault};
use super::http::Client;
use super::outbox::{Next, Outbox};
use super::spool::Spool;
use super::{Deliveries, Endpoint, Request, SinkError};
use crate::config::{self, Config};
use crate::export::own_thread;
use crate::sys;

/// Hands requests to the thread, which starts with the first.
pub(super) struct Courier {
    endpoint: Endpoint,
    deliveries: &'static Deliveries,
    outbox: Option<Arc<Outbox>>,
}

impl Courier {
    pub(super) fn new(endpoint: Endpoint, deliveries: &'static Deliveries) -> Self {
        Self {
            endpoint,
            deliveries,
            outbox: None,
        }
    }

    /// Delivers a request some time, or counts it as lost.
    ///
    /// # Errors
    /// When it never will be.
    pub(super) fn hand_over(&mut self, request: Request) -> Result<(), SinkError> {
        let outbox = match &self.outbox {
            Some(outbox) => outbox,
            None => {
                let opened = self.open().inspect_err(|error| {
                    let cause = match error {
                        SinkError::Permanent(_) => Cause::Address,
                        SinkError::Temporary(_) => Cause::NoThread,
                    };
                    self.deliveries.lose(self.endpoint.receiver, cause);
                })?;
                self.outbox.insert(opened)
            }
        };
        outbox.put(request);
        Ok(())
    }

    fn open(&self) -> Result<Arc<Outbox>, SinkError> {
        let config = config::get();
        let config = config.ok_or(SinkError::Permanent("there are no options".to_owned()))?;
        let (receiver, url) = (self.endpoint.receiver, &self.endpoint.url);
        let address = Address::parse(url)
            .and_then(|address| address.is_usable().map(|()| address))
            .map_err(|reason| SinkError::Permanent(said_of(receiver, url, &reason)))?;
        let spool = Spool::new(config, receiver);
        let endpoint = self.endpoint.clone();
        let outbox = Arc::new(Outbox::new(endpoint, address, spool, self.deliveries));
        let theirs = Arc::clone(&outbox);
        own_thread::start(c"lockprof-send", move || deliver(&theirs, config)).map_err(|error| {
            let reason = format!("no thread can be started that sends to {receiver}: {error}");
            SinkError::Temporary(reason)
        })?;
        self.deliveries.register(&outbox);
        Ok(outbox)
    }
}

/// A line about an address that is none; one with a password in it is not repeated.
fn said_of(receiver: &str, url: &str, reason: &str) -> String {
    match url.contains('@') {
        true => format!("the address of {receiver} cannot be used: {reason}"),
        false => format!("the address of {receiver}, {url}, cannot be used: {reason}"),
    }
}

/// What the thread does.
fn deliver(outbox: &Outbox, config: &'static Config) {
    let client = Client::new(&config.network);
    loop {
        let request = outbox.oldest();
        let mut backoff = Backoff::default();
        while let Err(fault) = send(&client, outbox, &request) {
            match after_fault(outbox, &request, &fault, &mut backoff) {
                Next::TryAgain => {}
                Next::Gone | Next::GiveUp => break,
            }
        }
    }
}

/// Sends one request; when it has arrived, also what older processes left behind.
fn send(client: &Client, outbox: &Outbox, request: &Arc<Request>) -> Result<(), Fault> {
    let headers = request
        .headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()));
    post(client, outbox, headers, &request.body)?;
    // The end of the program waits for the old ones too.
    outbox.deliveries.begin();
    outbox.has_arrived(request);
    send_old_ones(client, outbox);
    outbox.deliveries.end(true);
    Ok(())
}

fn post<'a>(
    client: &Client,
    outbox: &'a Outbox,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
    body: &[u8],
) -> Result<(), Fault> {
    let always = outbox.endpoint.headers.iter();
    let always = always.map(|(name, value)| (*name, value.as_str()));
    let sent = client.post(&outbox.address, always.chain(headers), body);
    sent.map_err(|fault| fault.without(&secrets_of(&outbox.endpoint.headers)))
}

/// What of the headers of a receiver may not be shown: whole values, and what stands in
/// them behind the name of a scheme.
fn secrets_of(headers: &[(&'static str, String)]) -> Vec<String> {
    let is_plain = |name: &str| name.to_ascii_lowercase().starts_with("content-");
    let mut secrets = Vec::new();
    for (_, value) in headers.iter().filter(|(name, _)| !is_plain(name)) {
        secrets.push(value.clone());
        secrets.extend(value.split(' ').skip(1).map(str::to_owned));
        let user = value
            .strip_prefix("Basic ")
            .and_then(|code| STANDARD.decode(code).ok());
        let user = user.map(|user| String::from_utf8_lossy(&user).into_owned());
        let password = user.as_deref().and_then(|user| user.split_once(':'));
        secrets.extend(password.map(|(_, password)| password.to_owned()));
    }
    secrets
}

/// A configuration that is wrong does not become right by trying: such a request is
/// given up at once, and the next one is tried once again.
fn after_fault(
    outbox: &Outbox,
    request: &Arc<Request>,
    fault: &Fault,
    backoff: &mut Backoff,
) -> Next {
    let is_first = backoff.is_new();
    let random = u64::try_from(sys::random() & u128::from(u64::MAX)).unwrap_or(0);
    let wait = backoff.next(random, fault.retry_after());
    let next = match wait.filter(|_| fault.is_temporary()) {
        Some(wait) => {
            // What has passed by the next try needs no words.
            if !is_first {
                outbox.explain(fault);
            }
            outbox.rest(request, wait, fault.retry_after())
        }
        None => Next::GiveUp,
    };
    if next == Next::GiveUp {
        outbox.explain(fault);
        outbox.give_up(request, fault);
    }
    next
}

/// Sends what is in the spool for this receiver, as long as there is nothing newer.
fn send_old_ones(client: &Client, outbox: &Outbox) {
    let Some(spool) = &outbox.spool else { return };
    while outbox.is_idle() {
        let Some(claim) = spool.claim() else { return };
        let sent = post(client, outbox, claim.headers(), claim.body());
        match &sent {
            Ok(()) => claim.finish(),
            Err(fault) if fault.may_arrive_later() => claim.give_back(),
            Err(fault) => {
                outbox.explain(fault);
                outbox
                    .deliveries
                    .lose(outbox.endpoint.receiver, fault.cause());
                claim.finish();
            }
        }
        if sent.is_err() {
            return;
        }
    }
}
