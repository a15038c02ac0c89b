//! Where the proxy listens, and the origin it speaks to.

use super::report::Complaint;
use crate::preview::Preview;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// The origin behind the proxy, spoken to in plain HTTP/1.1.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Upstream {
    host: String,
    port: u16,
}

impl Upstream {
    /// The name or the IP address, which for IPv6 is without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, 80 where none was written.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether connecting to this arrives at `listener`, as far as the name tells.
    pub(super) fn is(&self, listener: SocketAddr) -> bool {
        let same_host = match self.ip() {
            Some(ip) => ip == listener.ip() || (ip.is_loopback() && listener.ip().is_unspecified()),
            None => false,
        };
        same_host && self.port == listener.port()
    }

    fn ip(&self) -> Option<std::net::IpAddr> {
        if self.host.eq_ignore_ascii_case("localhost") {
            Some(Ipv4Addr::LOCALHOST.into())
        } else {
            self.host.parse().ok()
        }
    }
}

impl Default for Upstream {
    /// `http://127.0.0.1:3000`
    fn default() -> Self {
        Self {
            host: Ipv4Addr::LOCALHOST.to_string(),
            port: 3000,
        }
    }
}

/// As in the configuration: `http://127.0.0.1:3000`.
impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') {
            write!(f, "http://[{host}]:{port}")
        } else {
            write!(f, "http://{host}:{port}")
        }
    }
}

/// Reads `http://host[:port]`.
pub(super) fn upstream(text: &str) -> Result<Upstream, Complaint> {
    let shown = Preview::new(text.as_bytes()).up_to(80);
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(if starts_with(text, "unix:") {
            Complaint::new("this version speaks plain http to the upstream, not unix sockets")
                .help("write http://host:port")
        } else {
            Complaint::new(format!("\"{shown}\" has no scheme")).help(if authority(text).is_ok() {
                format!("write http://{shown}")
            } else {
                "write http://host:port".to_owned()
            })
        });
    };
    if !scheme.eq_ignore_ascii_case("http") {
        let scheme = Preview::new(scheme.as_bytes()).up_to(20);
        return Err(Complaint::new(format!(
            "this version speaks plain http to the upstream, not {scheme}"
        ))
        .help("write http://host:port"));
    }
    // `/` alone is the empty path (RFC 3986 §6.2.3).
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    for (mark, part) in [
        ('?', "query"),
        ('#', "fragment"),
        ('/', "path"),
        ('@', "credentials"),
    ] {
        if rest.contains(mark) {
            return Err(Complaint::new(format!("an upstream has no {part}"))
                .help("write http://host:port; the request's own path is passed on"));
        }
    }
    authority(rest)
}

fn authority(text: &str) -> Result<Upstream, Complaint> {
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
        .help("write http://host:port; IPv6 goes in brackets, http://[::1]:3000"));
    }
    let port = match port {
        None => 80,
        Some(port) => decimal_port(port)
            .filter(|&port| port != 0)
            .ok_or_else(|| {
                let shown = Preview::new(port.as_bytes()).up_to(80);
                Complaint::new(format!("\"{shown}\" is not a port")).help("ports are 1 to 65535")
            })?,
    };
    Ok(Upstream {
        host: host.to_owned(),
        port,
    })
}

/// A name of letters, digits, hyphens and underscores in labels; what ends in
/// a number must be an IPv4 address (as in the URL Standard).
fn is_host_name(name: &str) -> bool {
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

/// Reads one address to listen on.
pub(super) fn listener(text: &str) -> Result<SocketAddr, Complaint> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(address);
    }
    let complaint = Complaint::new(format!(
        "\"{}\" is not IP:port",
        Preview::new(text.as_bytes()).up_to(80)
    ));
    if starts_with(text, "unix:") || text.starts_with('/') {
        return Err(
            Complaint::new("listening on unix sockets is not in this version")
                .help("write IP:port, such as 127.0.0.1:8080"),
        );
    }
    if starts_with(text, "http://") || starts_with(text, "https://") {
        return Err(complaint.help("write IP:port without a scheme, such as 127.0.0.1:8080"));
    }
    if let Some(port) = decimal_port(text) {
        return Err(complaint.help(format!(
            "write 127.0.0.1:{port} for this machine only, 0.0.0.0:{port} for every interface"
        )));
    }
    let Some((host, port)) = text.rsplit_once(':') else {
        return Err(complaint.help("write IP:port, such as 127.0.0.1:8080"));
    };
    let Some(port) = decimal_port(port) else {
        return Err(complaint.help("ports are 0 to 65535"));
    };
    if host.eq_ignore_ascii_case("localhost") {
        return Ok((Ipv4Addr::LOCALHOST, port).into());
    }
    Err(if host.is_empty() || host == "*" {
        complaint.help(format!(
            "write 0.0.0.0:{port} for every interface, [::]:{port} with IPv6"
        ))
    } else if host.parse::<Ipv6Addr>().is_ok() {
        complaint.help(format!("IPv6 goes in brackets: [{host}]:{port}"))
    } else {
        complaint.help(format!(
            "names are not looked up: write an IP address, such as 127.0.0.1:{port}"
        ))
    })
}

/// A port of digits only: `"+80".parse::<u16>()` succeeds.
fn decimal_port(text: &str) -> Option<u16> {
    text.bytes()
        .all(|octet| octet.is_ascii_digit())
        .then(|| text.parse().ok())?
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upstreams() {
        for (text, read) in [
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("HTTP://api", "http://api:80"),
            ("http://api.internal./", "http://api.internal.:80"),
            ("http://[::1]:1", "http://[::1]:1"),
            ("http://[::1]", "http://[::1]:80"),
            ("http://my_service:65535", "http://my_service:65535"),
        ] {
            let upstream = upstream(text).map(|upstream| upstream.to_string());
            assert_eq!(upstream.ok().as_deref(), Some(read), "{text}");
        }
        for text in [
            "",
            "api",
            "http:/api",
            "http://",
            "http:///",
            "http://:80",
            "https://api",
            "h2c://api",
            "unix:/run/x",
            "http://api/v1",
            "http://api?x",
            "http://api#x",
            "http://user:word@api",
            "http://api:",
            "http://api:0",
            "http://api:+80",
            "http://api:65536",
            "http://3000",
            "http://127.0.0.1.1",
            "http://::1",
            "http://[::1",
            "http://[::1]80",
            "http://[1.2.3.4]:80",
            "http://bücher.example",
            "http://a..b",
            "http://a b",
            "http://a\r\nb",
        ] {
            assert!(upstream(text).is_err(), "{text}");
        }
    }

    #[test]
    fn listeners() {
        for (text, read) in [
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("[::]:0", "[::]:0"),
            ("LocalHost:1", "127.0.0.1:1"),
        ] {
            let address = listener(text).map(|address| address.to_string());
            assert_eq!(address.ok().as_deref(), Some(read), "{text}");
        }
        for (text, remedy) in [
            ("8080", "127.0.0.1:8080"),
            (":8080", "0.0.0.0:8080"),
            ("*:8080", "0.0.0.0:8080"),
            ("::1:80", "[::1]:80"),
            ("example.com:80", "names are not looked up"),
            ("http://127.0.0.1:80", "without a scheme"),
            ("127.0.0.1:99999", "ports are"),
            ("127.0.0.1", "IP:port"),
            ("", "IP:port"),
        ] {
            let help = listener(text).err().and_then(|complaint| complaint.help);
            assert!(help.is_some_and(|help| help.contains(remedy)), "{text}");
        }
        let unix = listener("unix:/run/headguard.sock").map_err(|complaint| complaint.message);
        assert!(unix.is_err_and(|message| message.contains("not in this version")));
    }

    #[test]
    fn an_upstream_that_is_the_listener() {
        let is = |upstream_text: &str, listener_text: &str| match (
            upstream(upstream_text),
            listener(listener_text),
        ) {
            (Ok(upstream), Ok(listener)) => upstream.is(listener),
            _ => panic!("{upstream_text} {listener_text}"),
        };
        assert!(is("http://127.0.0.1:8080", "127.0.0.1:8080"));
        assert!(is("http://localhost:8080", "0.0.0.0:8080"));
        assert!(is("http://[::1]:8080", "[::]:8080"));
        assert!(!is("http://127.0.0.1:8081", "127.0.0.1:8080"));
        assert!(!is("http://10.0.0.1:8080", "127.0.0.1:8080"));
    }
}
