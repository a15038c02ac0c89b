//! The sections of the configuration, as types, with their defaults.

use super::listen::Listen;
use super::network::Network;
use std::path::PathBuf;
use std::time::Duration;

/// `[tls]`: where clients connect over TLS, and what the proxy shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListenTls {
    /// Where clients connect. Never empty.
    pub listen: Vec<Listen>,
    /// The PEM file of the certificate and those that vouch for it.
    pub certificate: PathBuf,
    /// The PEM file of the certificate's private key.
    pub key: PathBuf,
}

/// `[upstream_tls]`: how an upstream with TLS is verified, and what it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpstreamTls {
    /// The PEM file of the roots to trust instead of the system's.
    pub ca: Option<PathBuf>,
    /// The PEM file of the client certificate. There is one exactly if there is
    /// a key.
    pub certificate: Option<PathBuf>,
    /// The PEM file of the client certificate's private key.
    pub key: Option<PathBuf>,
    /// The name that is asked for and verified, where it is not the upstream's host.
    pub server_name: Option<String>,
}

/// `[forwarded]`: what the upstream is told of who asked, and by which way.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Forwarded {
    /// Whether `X-Forwarded-For`, `-Proto` and `-Host` are sent.
    pub x_forwarded: bool,
    /// Whether `Forwarded` (RFC 7239) is sent.
    pub forwarded: bool,
    /// Whether `Via` is sent.
    pub via: bool,
    /// The peers whose own fields of these names are kept and added to. Those
    /// of unix sockets always are.
    pub trust: Vec<Network>,
}

/// `[limits]`: how much of everything there may be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Octets of a request head.
    pub head: usize,
    /// Octets of a field line, and of a value after its repair.
    pub field: usize,
    /// Field lines.
    pub fields: usize,
    /// Octets of a request target.
    pub target: usize,
    /// Clients' connections.
    pub connections: usize,
    /// Requests in flight, over all workers.
    pub requests: usize,
    /// Octets a second that a request's body averages at least, over each span
    /// of [`Timeouts::body`]; 0 asks for none.
    pub body_rate: usize,
}

/// `[timeouts]`: how long everything may take.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// From the start of a request head to its end.
    pub head: Duration,
    /// Between two reads of a body.
    pub body: Duration,
    /// Between two requests of a client's connection.
    pub idle: Duration,
    /// Until the upstream accepts a connection.
    pub connect: Duration,
    /// Until the upstream's response starts.
    pub response: Duration,
    /// How long an upgraded connection may be silent.
    pub tunnel: Duration,
    /// How long an unused connection to the upstream is kept.
    pub pool_idle: Duration,
    /// Between two look-ups of the upstream's name.
    pub resolve: Duration,
    /// How long requests in progress may take when the proxy is told to stop.
    pub drain: Duration,
    /// How long connections are still accepted after being told to stop.
    pub drain_delay: Duration,
}

impl Default for Forwarded {
    fn default() -> Self {
        Self {
            x_forwarded: true,
            forwarded: false,
            via: true,
            trust: Network::loopback(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: 65536,
            field: 16384,
            fields: 100,
            target: 8192,
            connections: 65536,
            requests: 8192,
            body_rate: 64,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(30),
            idle: Duration::from_secs(60),
            connect: Duration::from_secs(2),
            response: Duration::from_secs(15),
            tunnel: Duration::from_secs(60 * 60),
            pool_idle: Duration::from_secs(4),
            resolve: Duration::from_secs(30),
            drain: Duration::from_secs(25),
            drain_delay: Duration::ZERO,
        }
    }
}
