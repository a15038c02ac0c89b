//! What is known of one request when it is over: the one event of the log.
//!
//! A [`Record`] goes with the exchange and then with the body of the answer.
//! It is told when it is dropped, so that every request leaves one event,
//! whatever ended it.

use super::reply::Fault;
use super::request_id::RequestId;
use super::trace;
use crate::config::Config;
use crate::explain::Explanation;
use crate::headers::{Rejected, Report};
use crate::policy::Action;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tracing::Level;

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The client went away before its answer was complete.
    ClientGone,
    /// The answer is complete.
    Complete,
    /// The proxy stopped before the answer was complete.
    DrainOver,
    /// The upstream broke its answer off.
    UpstreamCut,
    /// The upstream stopped in its answer.
    UpstreamStalled,
}

impl Ending {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::ClientGone => "client-gone",
            Self::Complete => "complete",
            Self::DrainOver => "drain-over",
            Self::UpstreamCut => "upstream-cut",
            Self::UpstreamStalled => "upstream-stalled",
        }
    }
}

/// How much is written of which requests.
#[derive(Clone, Debug)]
pub(super) struct Logging {
    dry_run: bool,
    values: bool,
    one_in: u32,
    clean: Arc<AtomicU32>,
    /// The upstream's authority.
    upstream: Arc<str>,
    /// Whether nobody waits any longer for what is in flight.
    drain_over: Arc<AtomicBool>,
}

impl Logging {
    pub(super) fn new(config: &Config, upstream: &str) -> Self {
        Self {
            dry_run: config.dry_run,
            values: config.log_values,
            one_in: config.log_clean,
            clean: Arc::default(),
            upstream: upstream.into(),
            drain_over: Arc::default(),
        }
    }

    /// The same log under other settings.
    pub(super) fn with(&self, config: &Config, upstream: &str) -> Self {
        Self {
            clean: Arc::clone(&self.clean),
            drain_over: Arc::clone(&self.drain_over),
            ..Self::new(config, upstream)
        }
    }

    /// Whose answer is not complete from now on is cut off by us.
    pub(super) fn drain_is_over(&self) {
        self.drain_over.store(true, Ordering::Relaxed);
    }

    /// Whether it is this clean request's turn to be written.
    fn samples_clean(&self) -> bool {
        match self.one_in {
            0 => false,
            one_in => self
                .clean
                .fetch_add(1, Ordering::Relaxed)
                .is_multiple_of(one_in),
        }
    }
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    Address(SocketAddr),
    /// Somebody on this machine, over a unix socket.
    Unix,
}

impl Peer {
    pub(super) const fn address(self) -> Option<SocketAddr> {
        match self {
            Self::Address(address) => Some(address),
            Self::Unix => None,
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Unix => f.write_str("unix"),
        }
    }
}

/// What is asked for.
pub(super) struct Asked<'r> {
    pub(super) method: &'r str,
    pub(super) authority: &'r str,
    pub(super) path: &'r str,
}

/// What is known of one request.
pub(super) struct Record {
    logging: Logging,
    started: Instant,
    id: RequestId<'static>,
    client: Peer,
    method: String,
    host: String,
    path: String,
    status: Option<u16>,
    upstream_status: Option<u16>,
    answer: Option<&'static str>,
    ending: Ending,
    /// The greatest, once the policy was asked.
    action: Option<Action>,
    refused: Option<String>,
    explanations: Vec<Explanation>,
    failure: Option<Failure>,
}

/// A record, where anybody listens. In a box: most of the time nobody does, and
/// each exchange has room for it.
pub(super) type Told = Option<Box<Record>>;

/// What failed that is not the client's: somebody should look at it.
enum Failure {
    /// We did.
    Ours,
    /// The upstream did, in this way.
    Upstream(String),
}

impl Record {
    /// Starts the record of a request whose head has come.
    pub(super) fn open(
        logging: &Logging,
        client: Peer,
        id: RequestId<'static>,
        asked: &Asked<'_>,
    ) -> Self {
        Self {
            logging: logging.clone(),
            started: Instant::now(),
            id,
            client,
            method: bounded(asked.method, MOST_TOLD),
            host: bounded(asked.authority, MOST_TOLD),
            path: bounded(asked.path, MOST_OF_PATH),
            status: None,
            upstream_status: None,
            answer: None,
            ending: Ending::ClientGone,
            action: None,
            refused: None,
            explanations: Vec::new(),
            failure: None,
        }
    }

    pub(super) const fn id(&self) -> &RequestId<'static> {
        &self.id
    }

    /// The request goes on; this was found.
    pub(super) fn reported(&mut self, report: Report) {
        self.found(report.explanations().iter().cloned());
    }

    /// The request is refused, or would be in earnest, for this.
    pub(super) fn rejected(&mut self, rejected: &Rejected) {
        let also = rejected.report().explanations();
        self.found(rejected.refused().iter().chain(also).cloned());
    }

    fn found(&mut self, explanations: impl Iterator<Item = Explanation>) {
        self.explanations.extend(explanations);
        let actions = self.explanations.iter().map(Explanation::action);
        self.action = Some(actions.max().unwrap_or(Action::Allow));
    }

    /// The upstream answered.
    pub(super) const fn relayed(&mut self, status: u16) {
        self.upstream_status = Some(status);
        self.status = Some(status);
    }

    /// We answered ourselves, for this reason.
    pub(super) fn answered(&mut self, fault: &Fault) {
        self.status = Some(fault.status().as_u16());
        self.answer = Some(fault.reason());
        self.refused = fault.refused();
        self.failure = match fault {
            Fault::Panicked => Some(Failure::Ours),
            Fault::Upstream(failure) => Some(Failure::Upstream(failure.cause.clone())),
            _ => None,
        };
    }

    pub(super) const fn ended(&mut self, ending: Ending) {
        self.ending = ending;
    }

    /// The upstream did not finish its answer.
    pub(super) fn broken_off(&mut self, ending: Ending, cause: String) {
        self.ending = ending;
        self.failure = Some(Failure::Upstream(cause));
    }

    fn is_clean(&self) -> bool {
        self.explanations.is_empty() && self.answer.is_none() && self.ending == Ending::Complete
    }

    /// The first explanations as a JSON array, or nothing if there are none, and
    /// how many there are beyond those.
    fn values(&self) -> (Option<String>, usize) {
        let one = |explanation: &Explanation| {
            if self.logging.values {
                explanation.to_event_json()
            } else {
                explanation.to_masked_event_json()
            }
        };
        let mut list = String::from("[");
        let mut listed = 0;
        for explanation in self.explanations.iter().take(MOST_LISTED) {
            let told = one(explanation);
            if listed > 0 && list.len() + told.len() > MOST_OCTETS {
                break;
            }
            if listed > 0 {
                list.push(',');
            }
            list += &told;
            listed += 1;
        }
        list.push(']');
        let told = (listed > 0).then_some(list);
        (told, self.explanations.len() - listed)
    }
}

/// The start of a text, and a sign where it goes on: what is told of a
/// request is held as long as it lasts, and written on one line.
fn bounded(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// How many characters of a method or a host are told.
const MOST_TOLD: usize = 256;

/// How many of a path.
const MOST_OF_PATH: usize = 2048;

/// How many values one event tells of, and in how many octets; one value is told
/// in any case.
const MOST_LISTED: usize = 32;
const MOST_OCTETS: usize = 32 << 10;

impl Drop for Record {
    fn drop(&mut self) {
        if self.ending == Ending::ClientGone && self.logging.drain_over.load(Ordering::Relaxed) {
            self.ending = Ending::DrainOver;
        }
        let level = match self.failure {
            None if self.ending == Ending::DrainOver => Level::WARN,
            None => Level::INFO,
            Some(Failure::Upstream(_)) => Level::WARN,
            Some(Failure::Ours) => Level::ERROR,
        };
        if (self.is_clean() && !self.logging.samples_clean()) || !trace::tells_requests(level) {
            return;
        }
        let (upstream, error) = match &self.failure {
            None => (None, None),
            Some(Failure::Ours) => (None, Some("the exchange panicked")),
            Some(Failure::Upstream(cause)) => (Some(&*self.logging.upstream), Some(&**cause)),
        };
        let (values, unlisted) = self.values();
        trace::request(&Event {
            level,
            request_id: self.id.as_str(),
            client: self.client,
            method: &self.method,
            host: &self.host,
            path: &self.path,
            status: self.status,
            upstream_status: self.upstream_status,
            answer: self.answer,
            upstream,
            error,
            ended: self.ending.name(),
            duration: self.started.elapsed(),
            refused: self.refused.as_deref(),
            action: self.action.map(Action::name),
            dry_run: self.logging.dry_run,
            values: values.as_deref(),
            unlisted: Some(unlisted).filter(|&more| more > 0),
        });
    }
}

/// One request, as it is told.
pub(super) struct Event<'r> {
    pub(super) level: Level,
    pub(super) request_id: &'r str,
    pub(super) client: Peer,
    pub(super) method: &'r str,
    pub(super) host: &'r str,
    pub(super) path: &'r str,
    /// What the client was answered, if anything.
    pub(super) status: Option<u16>,
    /// What the upstream answered, if anything.
    pub(super) upstream_status: Option<u16>,
    /// Why we answered ourselves, if we did.
    pub(super) answer: Option<&'static str>,
    /// The upstream, where it failed.
    pub(super) upstream: Option<&'r str>,
    /// How it, or we, failed.
    pub(super) error: Option<&'r str>,
    pub(super) ended: &'static str,
    pub(super) duration: Duration,
    /// What the client was told of a refusal that is not the policy's, as JSON.
    pub(super) refused: Option<&'r str>,
    /// The greatest the policy ordered, if it was asked.
    pub(super) action: Option<&'static str>,
    pub(super) dry_run: bool,
    /// The values in which something was found, as a JSON array.
    pub(super) values: Option<&'r str>,
    /// How many more there are than are listed, if any.
    pub(super) unlisted: Option<usize>,
}
