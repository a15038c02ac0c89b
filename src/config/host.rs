//! The names the upstream is called by: in `Host`, and in its certificate.

use super::authority::{authority, is_host_name};
use super::nearest::nearest;
use super::report::Complaint;
use crate::preview::Preview;
use std::fmt;
use std::net::IpAddr;

/// Which `Host` requests to the upstream carry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HostHeader {
    /// The client's.
    #[default]
    Preserve,
    /// The upstream's own: [`Upstream::authority`](super::Upstream::authority).
    Upstream,
    /// Always this one.
    Value(String),
}

/// As in the configuration.
impl fmt::Display for HostHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Preserve => PRESERVE,
            Self::Upstream => UPSTREAM,
            Self::Value(host) => host,
        })
    }
}

const PRESERVE: &str = "preserve";
const UPSTREAM: &str = "upstream";

/// Reads `preserve`, `upstream` or `host[:port]`.
pub(super) fn host_header(text: &str) -> Result<HostHeader, Complaint> {
    match text {
        PRESERVE => return Ok(HostHeader::Preserve),
        UPSTREAM => return Ok(HostHeader::Upstream),
        _ => {}
    }
    let shown = Preview::new(text.as_bytes()).up_to(80);
    if text.contains("://") {
        return Err(Complaint::new(format!("\"{shown}\" is more than a host"))
            .help("write host or host:port, without a scheme"));
    }
    // A word with a slip in it is a right host name, too.
    if is_host_name(text)
        && let Some(near) = nearest(text, [PRESERVE, UPSTREAM])
    {
        return Err(
            Complaint::new(format!("\"{shown}\" is neither preserve nor upstream")).help(format!(
                "did you mean {near}? a host of this name is written with its port"
            )),
        );
    }
    authority(text)?;
    Ok(HostHeader::Value(text.to_owned()))
}

/// Reads a name that a certificate is for: a host without a port.
pub(super) fn server_name(text: &str) -> Result<String, Complaint> {
    let is_ip = text.parse::<IpAddr>().is_ok();
    if is_ip || is_host_name(text) {
        return Ok(text.to_owned());
    }
    let shown = Preview::new(text.as_bytes()).up_to(80);
    Err(Complaint::new(format!(
        "\"{shown}\" is neither a host name nor an IP address"
    ))
    .help("write the name in the upstream's certificate, without a scheme or a port"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_headers() {
        for text in [
            "preserve",
            "upstream",
            "api",
            "api.example.com:8080",
            "[::1]:80",
            "upstrem:80",
        ] {
            let header = host_header(text).map(|header| header.to_string());
            assert_eq!(header.ok().as_deref(), Some(text));
        }
        for text in [
            "",
            "preserv",
            "Upstream",
            "http://api",
            "api:0",
            "a b",
            "a/b",
            "a\r\nb",
            "*.a",
        ] {
            assert!(host_header(text).is_err(), "{text}");
        }
        for text in ["api.internal", "127.0.0.1", "::1"] {
            assert!(server_name(text).is_ok(), "{text}");
        }
        for text in ["", "api:443", "[::1]", "*.a", "https://api"] {
            assert!(server_name(text).is_err(), "{text}");
        }
    }
}
