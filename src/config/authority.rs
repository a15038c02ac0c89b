//! `host[:port]` as RFC 3986 §3.2 has it, without credentials.

use super::report::Complaint;
use crate::preview::Preview;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A host, which for IPv6 is without its brackets, and the port if one is written.
pub(super) struct Authority<'t> {
    pub(super) host: &'t str,
    pub(super) port: Option<u16>,
}

/// Reads `host[:port]`.
pub(super) fn authority(text: &str) -> Result<Authority<'_>, Complaint> {
    let bracketed = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (host, port) = match bracketed {
        Some((host, "")) => (host, None),
        Some((host, port)) => (host, Some(port.strip_prefix(':').unwrap_or("-"))),
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let right = if bracketed.is_some() {
        host.parse::<Ipv6Addr>().is_ok()
    } else {
        is_host_name(host)
    };
    if !right {
        let shown = Preview::new(host.as_bytes()).up_to(80);
        return Err(Complaint::new(format!(
            "\"{shown}\" is neither a host name nor an IP address"
        ))
        .help("write for example api.example.com:3000; IPv6 goes in brackets: [::1]:3000"));
    }
    let port = port.map(|port| {
        decimal_port(port).filter(|&port| port != 0).ok_or_else(|| {
            let shown = Preview::new(port.as_bytes()).up_to(80);
            Complaint::new(format!("\"{shown}\" is not a port")).help("ports are 1 to 65535")
        })
    });
    Ok(Authority {
        host,
        port: port.transpose()?,
    })
}

/// A name of letters, digits, hyphens and underscores in labels; what ends in
/// a number must be an IPv4 address (as in the URL Standard).
pub(super) fn is_host_name(name: &str) -> bool {
    let labels = || name.strip_suffix('.').unwrap_or(name).split('.');
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label
                .bytes()
                .all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_'))
    };
    let is_number = |label: &str| label.bytes().all(|octet| octet.is_ascii_digit());
    name.len() <= 253
        && labels().all(is_label)
        && (!labels().next_back().is_some_and(is_number) || name.parse::<Ipv4Addr>().is_ok())
}

/// A host as it stands before a port: IPv6 in brackets.
pub(super) fn bracketed(host: &str) -> String {
    if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}

/// A port of digits only: `"+80".parse::<u16>()` succeeds.
pub(super) fn decimal_port(text: &str) -> Option<u16> {
    text.bytes()
        .all(|octet| octet.is_ascii_digit())
        .then(|| text.parse().ok())?
}
