//! What the proxy says: one event a request, and a few lines about itself.
//!
//! Everything is a `tracing` event, for whatever subscriber the program has;
//! [`init`] installs headguard's own. An event of a request has the target
//! [`REQUEST`] and these fields; those that do not apply are left out:
//!
//! - `request_id`, `client`, `method`, `host` and `path`, without the query;
//! - `status` and `upstream_status`: what the client and what we were answered;
//! - `answer`: why headguard answered itself;
//! - `refused`: what the client was told of a refusal that is not the policy's,
//!   an object of `reason`, `detail` and, where they say something, `field`,
//!   `sent`, `allowed`, `offset` and `octets`;
//! - `upstream` and `error`: which upstream failed, and how;
//! - `ended`: `complete`, or who broke off: `client-gone`, `upstream-cut`,
//!   `upstream-stalled`, `drain-over`;
//! - `duration_ms`;
//! - `action`: the greatest the policy ordered; and `dry_run`;
//! - `values`: the values in which something was found, each with its
//!   `findings`; and `unlisted_values`: how many there are beyond those.
//!
//! The level is `info`; `warn` where the upstream failed or the drain was over;
//! `error` where headguard failed.
//!
//! What has no request, such as a head that cannot be read, has the target
//! `headguard::connection`; what the proxy says of itself, `headguard::proxy`.
//! The last is always written. Of everything else there can be a bound on the
//! events a second; how many were above it is an event of the proxy itself,
//! with `unwritten` and `log_rate`.
//!
//! No other room speaks.

mod layer;
mod rate;
mod text;

pub use layer::EventLayer;

use super::event::{Event, Peer};
use super::reply::Fault;
use super::resolve::Change;
use crate::config::{Listen, LogFormat, Upstream};
use rate::Rate;
use std::io::{self, IsTerminal as _};
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use tracing::{Level, enabled, event, info, warn};
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// The target of the one event each request leaves.
pub const REQUEST: &str = "headguard::request";

/// The target of what connections without a request leave.
const CONNECTION: &str = "headguard::connection";

/// The target of what the proxy says of itself: little, and never left out.
const PROXY: &str = "headguard::proxy";

/// The bound on what is written, once [`init`] made one. It is as global as the
/// subscriber it belongs to; another subscriber writes what it will.
static RATE: OnceLock<Arc<Rate>> = OnceLock::new();

/// Makes everything that is told go to standard error, in this format:
/// [`LogFormat::Auto`] is text on a terminal and JSON elsewhere, and with
/// [`LogFormat::Off`] nothing is told at all. Of what traffic causes at most
/// `rate` events a second are written, where 0 is no bound.
///
/// Writing happens on a thread of its own; what comes faster than that can
/// write is dropped and counted. A program that has a subscriber already keeps
/// it, and only the guard's count is of no use then.
#[must_use = "what is still to be written is lost when the guard is dropped"]
pub fn init(format: LogFormat, rate: u32) -> Guard {
    if format == LogFormat::Off {
        return Guard(None);
    }
    let terminal = io::stderr().is_terminal();
    let (writer, worker): (NonBlocking, WorkerGuard) = NonBlockingBuilder::default()
        .lossy(true)
        .thread_name("headguard-log")
        .finish(io::stderr());
    let dropped = writer.error_counter();
    let layer = match format {
        LogFormat::Text => EventLayer::text(writer),
        LogFormat::Json => EventLayer::json(writer),
        _ if terminal => EventLayer::text(writer),
        _ => EventLayer::json(writer),
    };
    let layer = if terminal && !no_color() {
        layer.with_color()
    } else {
        layer
    };
    let rate = Arc::new(Rate::new(rate, Instant::now()));
    let layer = layer.bounded_by(Arc::clone(&rate));
    let targets = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("headguard", LevelFilter::INFO);
    let installed = tracing_subscriber::registry()
        .with(layer.with_filter(targets))
        .try_init();
    // A subscriber that was there first is the program's choice.
    if installed.is_ok() {
        // Ours is installed once, so nobody else has set it.
        let _ = RATE.set(rate);
    }
    Guard(Some((worker, dropped)))
}

/// <https://no-color.org>: set and not empty.
#[expect(
    clippy::disallowed_methods,
    reason = "it describes the terminal, and nothing is decided by it"
)]
fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Keeps the log written; dropping it writes what is left.
#[derive(Debug)]
pub struct Guard(Option<(WorkerGuard, ErrorCounter)>);

impl Guard {
    /// How many lines were dropped because they came faster than they could be written.
    #[must_use]
    pub fn dropped_lines(&self) -> usize {
        self.0
            .as_ref()
            .map_or(0, |(_, dropped)| dropped.dropped_lines())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let unwritten = RATE.get().map_or(0, |rate| rate.take_unwritten());
        if self.0.is_some() && unwritten > 0 {
            let log_rate = RATE.get().map_or(0, |rate| rate.most());
            warn!(target: PROXY, unwritten, log_rate, "{}", layer::UNWRITTEN);
        }
    }
}

/// Whether an event of a request of this level is to be made. Where the answer
/// is that it would be too many, it is counted as one: this is the last
/// question before [`request`].
pub(super) fn tells_requests(level: Level) -> bool {
    let is_heard = match level {
        Level::ERROR => enabled!(target: REQUEST, Level::ERROR),
        Level::WARN => enabled!(target: REQUEST, Level::WARN),
        _ => enabled!(target: REQUEST, Level::INFO),
    };
    is_heard && !RATE.get().is_some_and(|rate| rate.refuses(Instant::now))
}

pub(super) fn request(one: &Event<'_>) {
    // A place that speaks has one level, so there are as many as levels.
    macro_rules! tell {
        ($level:expr) => {
            event!(
                target: REQUEST,
                $level,
                request_id = one.request_id,
                client = %one.client,
                method = one.method,
                host = one.host,
                path = one.path,
                status = one.status,
                upstream_status = one.upstream_status,
                answer = one.answer,
                refused = one.refused,
                upstream = one.upstream,
                error = one.error,
                ended = one.ended,
                // Microseconds are enough, and the rest is noise.
                duration_ms = (one.duration.as_secs_f64() * 1e6).round() / 1e3,
                action = one.action,
                dry_run = one.dry_run,
                values = one.values,
                unlisted_values = one.unlisted,
            )
        };
    }
    match one.level {
        Level::ERROR => tell!(Level::ERROR),
        Level::WARN => tell!(Level::WARN),
        _ => tell!(Level::INFO),
    }
}

pub(super) fn listening(addresses: &[Listen], upstream: &Upstream) {
    for address in addresses {
        info!(target: PROXY, %address, %upstream, "listening");
    }
}

pub(super) fn accept_failed(error: &io::Error) {
    warn!(target: PROXY, %error, "cannot accept connections");
}

/// Somebody speaks TLS where nobody understands it: a wrong scheme in a URL.
pub(super) fn tls(client: Peer) {
    info!(target: CONNECTION, %client, "TLS on a plain HTTP listener");
}

/// Somebody does not speak TLS where it is spoken.
pub(super) fn not_tls(client: Peer) {
    info!(target: CONNECTION, %client, "no TLS on a TLS listener");
}

pub(super) fn handshake_failed(client: Peer, error: &io::Error) {
    info!(target: CONNECTION, %client, %error, "TLS handshake failed");
}

/// Somebody connects past the balancer, or the balancer is not told to say who asks.
pub(super) fn no_proxy_header(client: Peer, reason: &str) {
    warn!(target: CONNECTION, %client, "connection refused: {reason}");
}

/// A head that cannot be read: there is no request to tell of.
pub(super) fn head_malformed(client: Peer, fault: &Fault) {
    let reason = fault.reason();
    let detail = fault.told();
    info!(target: CONNECTION, %client, reason, detail, "malformed request head");
}

pub(super) fn head_stalled(client: Peer) {
    info!(target: CONNECTION, %client, "a request head did not come in time");
}

/// What is wrong with a certificate that is used all the same.
pub(super) fn certificate(warning: &str) {
    warn!(target: PROXY, "{warning}");
}

/// The upstream's name has other addresses, or cannot be looked up.
pub(super) fn resolved(upstream: &str, change: &Change) {
    match change {
        Change::Found(addresses) => info!(target: PROXY, upstream, ?addresses, "upstream found"),
        Change::Failed { error, kept: None } => {
            warn!(target: PROXY, upstream, %error, "upstream not found");
        }
        Change::Failed {
            error,
            kept: Some(addresses),
        } => {
            warn!(target: PROXY, upstream, %error, ?addresses, "upstream not looked up again: its last addresses stay in use");
        }
    }
}

pub(super) fn reloaded(restart_needed: &[&str]) {
    if restart_needed.is_empty() {
        info!(target: PROXY, "reloaded");
    } else {
        let keys = restart_needed.join(", ");
        warn!(target: PROXY, keys, "reloaded, but for keys that count at a start only");
    }
}

pub(super) fn reload_refused(reason: &dyn std::fmt::Display) {
    warn!(target: PROXY, %reason, "not reloaded: the old settings stay");
}

/// Whether requests are told at all. Most of the work of telling is done before
/// anything is known that decides it.
pub(super) fn is_on() -> bool {
    enabled!(target: REQUEST, Level::ERROR)
}

pub(super) fn stopping(connections: usize) {
    info!(target: PROXY, connections, "stopping");
}

pub(super) fn abandoned(connections: usize) {
    warn!(target: PROXY, connections, "ended connections that were not done in time");
}

pub(super) fn stopped() {
    info!(target: PROXY, "stopped");
}
